/** A Markdown table; pipes and newlines in cells are escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

export const code = (text: string): string => (text === "" ? "" : `\`${text}\``);

/** A page with the note that says where it comes from. */
export const page = (title: string, intro: string, ...sections: readonly string[]): string =>
  [
    `# ${title}`,
    "",
    "<!-- Generated from the code by `npm run generate`; do not edit. -->",
    "",
    intro,
    ...sections.flatMap((section) => ["", section]),
    "",
  ].join("\n");

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly secret?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly patternProperties?: Readonly<Record<string, SchemaNode>>;
  readonly anyOf?: readonly (SchemaNode & { readonly const?: string | number })[];
}

/** Rows `key | type | default | meaning` of a nested schema, one row a leaf. */
export function schemaRows(schema: unknown, prefix = ""): string[][] {
  const node = schema as SchemaNode;
  const rows: string[][] = [];
  for (const [key, child] of Object.entries(node.properties ?? {})) {
    rows.push(...childRows(child, prefix === "" ? key : `${prefix}.${key}`));
  }
  return rows;
}

function childRows(child: SchemaNode, path: string): string[][] {
  const pattern = Object.values(child.patternProperties ?? {})[0];
  if (child.properties !== undefined) {
    const own =
      child.description === undefined ? [] : [[code(path), "section", "", child.description]];
    return [...own, ...schemaRows(child, path)];
  }
  if (child.items?.properties !== undefined) {
    return [
      [code(path), "list", "", child.description ?? ""],
      ...schemaRows(child.items, `${path}[]`),
    ];
  }
  if (pattern?.properties !== undefined) {
    return [
      [code(path), "map", "", child.description ?? ""],
      ...schemaRows(pattern, `${path}.NAME`),
    ];
  }
  return [[code(path), typeName(child), defaultText(child), child.description ?? ""]];
}

function typeName(node: SchemaNode): string {
  if (node.anyOf !== undefined)
    return node.anyOf.map((one) => String(one.const ?? one.type)).join(", ");
  if (node.type === "array")
    return `list of ${node.items === undefined ? "values" : typeName(node.items)}`;
  const range =
    node.minimum === undefined && node.maximum === undefined
      ? ""
      : ` ${node.minimum ?? ""}–${node.maximum ?? ""}`;
  return `${node.secret === true ? "secret " : ""}${node.type ?? "value"}${range}`;
}

function defaultText(node: SchemaNode): string {
  return node.default === undefined || node.secret === true
    ? ""
    : code(JSON.stringify(node.default));
}
