/**
 * What a reader may name. Everything is an allow-list: what a new engine version brings is refused
 * until somebody has looked at it.
 */

const named = (names: string): ReadonlySet<string> => new Set(names.trim().split(/,\s+/));

/** Categories of `system.functions` that compute from their arguments alone. */
export const functionCategories: ReadonlySet<string> = named(`
  Arithmetic, Arrays, Bit, Bitmap, Comparison, Conditional, Dates and Times, Distance,
  Encoding, Financial, Geo, Geo Polygon, Hash, IP Address, JSON, Logical, Map, Mathematical,
  Null, NumericIndexedVector, Random Number, Rounding, String, String Replacement,
  String Search, String Splitting, Time Series, Time Window, Tuple, Type Conversion, URL, UUID
`);

/** Functions of other categories that touch nothing outside the query either. */
export const functionNames: ReadonlySet<string> = named(`
  bar, byteSize, currentDatabase, currentSchemas, currentUser, displayName,
  dumpColumnStructure, errorCodeToName, finalizeAggregation, formatReadableSize,
  formatReadableDecimalSize, formatReadableQuantity, formatReadableTimeDelta, formatQuery,
  formatQuerySingleLine, formatQueryOrNull, formatQuerySingleLineOrNull, getSetting,
  getSubcolumn, hostName, identity, ignore, indexHint, isConstant, materialize, neighbor,
  normalizeQuery, normalizedQueryHash, partitionId, parseReadableSize, parseTimeDelta,
  revision, rowNumberInAllBlocks, visibleWidth, rowNumberInBlock, runningAccumulate,
  runningDifference, throwIf, toColumnTypeName, toTypeName, transform, uptime, variantElement,
  variantType, version, MACNumToString, MACStringToNum, MACStringToOUI, digits, countDigits,
  timezone, serverTimezone, defaultValueOfArgumentType, defaultValueOfTypeName, queryID
`);

/** Kept out although their category or name reads harmless. */
export const deniedFunctions: ReadonlySet<string> = named(`
  file, catboostEvaluate, sleep, sleepEachRow, getServerPort, getMacro, joinGet, joinGetOrNull,
  generateSerialID, serverUUID, showCertificate
`);

/** Table functions that make rows out of nothing. */
export const tableFunctionNames: ReadonlySet<string> = named(`
  numbers, numbers_mt, generateSeries, generate_series, values, primes
`);

/** System tables that tell about the schema and the engine, never about other people's queries. */
export const systemTables: ReadonlySet<string> = named(`
  aggregate_function_combinators, build_options, codecs, collations, columns, contributors,
  data_skipping_indices, data_type_families, database_engines, databases, documentation,
  formats, functions, keywords, licenses, numbers, numbers_mt, one, parts, parts_columns,
  settings, table_engines, table_functions, tables, time_zones, zeros, zeros_mt, primes
`);

export const outputFormats: ReadonlySet<string> = named(`
  Arrow, ArrowStream, Avro, BSONEachRow, CSV, CSVWithNames, CSVWithNamesAndTypes, JSON,
  JSONColumns, JSONColumnsWithMetadata, JSONCompact, JSONCompactColumns, JSONCompactEachRow,
  JSONCompactEachRowWithNames, JSONCompactEachRowWithNamesAndTypes, JSONCompactStrings,
  JSONEachRow, JSONLines, JSONObjectEachRow, JSONStrings, JSONStringsEachRow, LineAsString,
  Markdown, MsgPack, NDJSON, Native, Null, ORC, Parquet, Pretty, PrettyCompact,
  PrettyCompactMonoBlock, PrettyCompactNoEscapes, PrettyJSONEachRow, PrettyMonoBlock,
  PrettyNoEscapes, PrettySpace, RawBLOB, RowBinary, RowBinaryWithNames,
  RowBinaryWithNamesAndTypes, TSKV, TSV, TSVRaw, TSVWithNames, SQLInsert, TSVWithNamesAndTypes,
  TabSeparated, TabSeparatedRaw, TabSeparatedWithNames, TabSeparatedWithNamesAndTypes, Values,
  Vertical, XML
`);

/** Settings a reader may give up to the installation's limit. */
export const cappedSettings = named(
  "max_execution_time, max_result_rows, max_result_bytes, max_threads",
);

/** Settings a reader may give as he likes. */
export const freeSettings = named(
  "max_block_size, limit, offset, extremes, final, join_use_nulls, log_comment",
);

/** What drivers say about inserts with every request; a reader makes none. */
export const insertOnlySettings =
  /^(async_insert|wait_for_async_insert|insert_\w+|input_format_\w+)$/;

export const readerSettingPrefixes = [
  "output_format_binary_",
  "output_format_native_",
  "date_time_",
  "output_format_json_",
  "output_format_pretty_",
];

/** Settings of the transport: they mean nothing to the engine and are left out. */
export const transportSettings =
  /^(session_id|session_check|session_timeout|wait_end_of_query|client_protocol_version|send_progress_.*|http_headers_progress_.*|http_.*_timeout|cancel_http_readonly_.*|enable_http_compression|compress|decompress|buffer_size|quota_key|role|stacktrace|query_id|database|default_format|query|user|password|http_write_exception.*|add_http_cors_header|http_response_headers|readonly|network_compression_method|network_zstd_compression_level)$/;

/** Words that the formatter writes before a bracket and that are no function. */
export const bracketWords: ReadonlySet<string> = named(`
  SELECT, FROM, WHERE, PREWHERE, HAVING, QUALIFY, IN, NOT, AND, OR, AS, ON, USING, OVER, BY,
  ALL, DISTINCT, EXCEPT, REPLACE, COLUMNS, JOIN, THEN, ELSE, WHEN, CASE, BETWEEN, LIKE, ILIKE,
  LIMIT, OFFSET, UNION, INTERSECT, SETS, ROLLUP, CUBE, TABLE, EXISTS, APPLY, TO, STEP, FILL,
  INTERPOLATE, SAMPLE, WINDOW, ORDER, VALUES, WITH, END, DESCRIBE, EXPLAIN, AST, SYNTAX, PLAN,
  PIPELINE, ESTIMATE, TREE, DIV, MOD, IS, FILTER
`);

export const showWords: ReadonlySet<string> = named(`
  TABLES, DATABASES, COLUMNS, FULL, EXTENDED, CREATE, FUNCTIONS, INDEX, INDEXES, INDICES, KEYS,
  FIELDS
`);
