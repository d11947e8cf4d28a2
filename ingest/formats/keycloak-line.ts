/**
 * `key="value", key="value"` as Keycloak's jboss-logging listener writes it, `\"` and `\\` escaped;
 * before version 22 without quotes. A key that occurs twice has no value: an unquoted value may hold
 * what looks like a pair. Undefined when the text is not such a list.
 */
export function readPairs(line: string): Record<string, string> | undefined {
  const fields = Object.create(null) as Record<string, string>;
  const twice = new Set<string>();
  const key = /([A-Za-z_][\w.:/-]{0,127})=/y;
  let at = 0;
  while (at < line.length) {
    key.lastIndex = at;
    const match = key.exec(line);
    if (match === null) return undefined;
    const value = readValue(line, key.lastIndex);
    if (value === undefined) return undefined;
    const name = match[1]!;
    if (name in fields) twice.add(name);
    fields[name] = value.text;
    at = skipComma(line, value.end);
  }
  for (const name of twice) delete fields[name];
  return fields;
}

function skipComma(line: string, at: number): number {
  let index = at;
  while (index < line.length && (line[index] === "," || line[index] === " ")) index++;
  return index;
}

function readValue(line: string, at: number): { text: string; end: number } | undefined {
  return line[at] === '"' ? readQuoted(line, at + 1) : readBare(line, at);
}

function readQuoted(line: string, at: number): { text: string; end: number } | undefined {
  let text = "";
  let from = at;
  for (let index = at; index < line.length; index++) {
    const code = line.charCodeAt(index);
    if (code === 34) {
      const next = line.charCodeAt(index + 1);
      // A quote inside a value is escaped; one that ends it has a comma or nothing behind it.
      return Number.isNaN(next) || next === 44 || next === 32
        ? { text: text + line.slice(from, index), end: index + 1 }
        : undefined;
    }
    if (code !== 92) continue;
    text += line.slice(from, index);
    from = index + 1;
    index++;
  }
  return undefined;
}

/** Up to the next `, key=`. */
function readBare(line: string, at: number): { text: string; end: number } {
  const next = /, (?=[A-Za-z_][\w.:/-]{0,127}=)/g;
  next.lastIndex = at;
  const match = next.exec(line);
  const end = match === null ? line.length : match.index;
  return { text: line.slice(at, end).trimEnd(), end };
}
