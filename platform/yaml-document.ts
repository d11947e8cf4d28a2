import { distance } from "fastest-levenshtein";
import type { TObject } from "typebox";
import { Compile } from "typebox/compile";
import { Value } from "typebox/value";
import {
  isCollection,
  isScalar,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  visit,
} from "yaml";
import { errorText } from "./errors.ts";

/**
 * YAML text checked against one closed schema: every problem with file, line and column, unknown
 * keys with the nearest known one. `${VAR}` and `${VAR:-default}` are filled from `variables`.
 */
export interface YamlProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export type YamlResult =
  | { readonly ok: true; readonly value: unknown; readonly document: Document }
  | { readonly ok: false; readonly problems: readonly YamlProblem[] };

export interface YamlSource {
  readonly text: string;
  /** Name shown in problems. */
  readonly file: string;
  readonly variables?: Readonly<Record<string, string | undefined>>;
}

export const problemText = (problem: YamlProblem): string =>
  `${problem.file}:${problem.line}:${problem.column} ${problem.message}`;

/** Reads, interpolates, fills defaults and validates. Never throws for bad text. */
export function readYaml(source: YamlSource, schema: TObject): YamlResult {
  const lines = new LineCounter();
  const document = parseDocument(source.text, { lineCounter: lines, uniqueKeys: true });
  const at = (offset: number, message: string): YamlProblem => {
    const { line, col } = lines.linePos(offset);
    return { file: source.file, line: Math.max(1, line), column: Math.max(1, col), message };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) =>
      at(error.pos[0], error.message.split("\n")[0] ?? "cannot be read"),
    );
    return { ok: false, problems };
  }
  const missing = interpolate(document, source.variables ?? {});
  if (missing.length > 0) {
    const problems = missing.map(({ offset, name }) =>
      at(offset, `environment variable ${name} is not set`),
    );
    return { ok: false, problems };
  }
  const forbidden = prototypeKeys(document);
  if (forbidden.length > 0) {
    return {
      ok: false,
      problems: forbidden.map((offset) => at(offset, 'unknown key "__proto__"')),
    };
  }
  let value: unknown;
  try {
    value = Value.Default(schema, Value.Clone(document.toJS({ maxAliasCount: 100 }) ?? {}));
  } catch (error) {
    return { ok: false, problems: [at(0, errorText(error))] };
  }
  const problems = schemaProblems(schema, value).map(({ path, message }) =>
    at(offsetOf(document, path), `${path.join(".")}${path.length > 0 ? ": " : ""}${message}`),
  );
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value, document };
}

interface SchemaProblem {
  readonly path: readonly string[];
  readonly message: string;
}

function schemaProblems(schema: TObject, value: unknown): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const error of Compile(schema).Errors(value)) {
    const path = error.instancePath.split("/").slice(1).map(unescapePointer);
    if (error.keyword === "additionalProperties") {
      const params = error.params as { readonly additionalProperties: readonly string[] };
      for (const key of params.additionalProperties) {
        problems.push({ path: [...path, key], message: unknownKey(schema, path, key) });
      }
    } else if (error.keyword !== "boolean") {
      problems.push({ path, message: `${error.message}${got(value, path)}` });
    }
  }
  return problems;
}

function unknownKey(schema: TObject, path: readonly string[], key: string): string {
  const known = Object.keys(propertiesAt(schema, path));
  const nearest = known
    .map((name) => ({ name, far: distance(name, key) }))
    .toSorted((left, right) => left.far - right.far)[0];
  const hint =
    nearest === undefined || nearest.far > Math.max(2, key.length / 2)
      ? known.length > 0 && known.length <= 12
        ? `; known here: ${known.join(", ")}`
        : ""
      : `; did you mean "${nearest.name}"?`;
  return `unknown key "${key}"${hint}`;
}

interface LooseSchema {
  readonly properties?: Readonly<Record<string, LooseSchema>>;
  readonly items?: LooseSchema;
  readonly patternProperties?: Readonly<Record<string, LooseSchema>>;
}

function propertiesAt(
  schema: LooseSchema,
  path: readonly string[],
): Readonly<Record<string, unknown>> {
  let at: LooseSchema | undefined = schema;
  for (const step of path) {
    at = at?.properties?.[step] ?? Object.values(at?.patternProperties ?? {})[0] ?? at?.items;
  }
  return at?.properties ?? {};
}

function got(value: unknown, path: readonly string[]): string {
  let at: unknown = value;
  for (const step of path) at = (at as Record<string, unknown> | undefined)?.[step];
  return typeof at === "object" || at === undefined ? "" : ` (got ${JSON.stringify(at)})`;
}

const unescapePointer = (step: string): string => step.replaceAll("~1", "/").replaceAll("~0", "~");

/** Offset of the node at `path`, or of its nearest existing parent. */
function offsetOf(document: Document, path: readonly string[]): number {
  for (let length = path.length; length > 0; length--) {
    const steps = path.slice(0, length);
    const parent = length === 1 ? document.contents : document.getIn(steps.slice(0, -1), true);
    const key = keyNode(parent, steps.at(-1));
    if (key !== undefined) return key.range?.[0] ?? 0;
    const node = document.getIn(steps, true);
    if (isScalar(node) || isCollection(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

function keyNode(parent: unknown, name: string | undefined): Node | undefined {
  if (!isCollection(parent)) return undefined;
  return parent.items
    .map((item) => (item as { readonly key?: Node }).key)
    .find((key) => isScalar(key) && String(key.value) === name);
}

const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;

function interpolate(
  document: Document,
  variables: Readonly<Record<string, string | undefined>>,
): { readonly offset: number; readonly name: string }[] {
  const missing: { offset: number; name: string }[] = [];
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== "string" || !node.value.includes("${")) return;
      const whole = node.value;
      const filled = whole.replaceAll(
        VARIABLE,
        (match: string, name: string, fallback?: string) => {
          const value = variables[name] ?? fallback;
          if (value === undefined) missing.push({ offset: node.range?.[0] ?? 0, name });
          return value ?? match;
        },
      );
      node.value = /^-?\d{1,15}$/.test(filled) ? Number(filled) : filled;
      if (filled === "true" || filled === "false") node.value = filled === "true";
    },
  });
  return missing;
}

/** Offsets of `__proto__` keys: copying would drop them silently. */
function prototypeKeys(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Pair(_key, pair) {
      if (isScalar(pair.key) && pair.key.value === "__proto__")
        offsets.push(pair.key.range?.[0] ?? 0);
    },
  });
  return offsets;
}

/** A copy in which every string whose schema says `secret: true` reads `[redacted]`. */
export function redactSecrets(schema: unknown, value: unknown): unknown {
  const node = schema as LooseSchema & { readonly secret?: boolean };
  if (node?.secret === true) return "[redacted]";
  if (Array.isArray(value)) return value.map((item) => redactSecrets(node?.items, item));
  if (typeof value !== "object" || value === null) return value;
  const pattern = Object.values(node?.patternProperties ?? {})[0];
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      redactSecrets(node?.properties?.[key] ?? pattern, item),
    ]),
  );
}
