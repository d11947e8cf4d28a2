/**
 * What clickhouse-go asks first. It expects the answer as a Native block of protocol 54460, which
 * the engine cannot write; revision 0 in it makes the client read later blocks as plain Native.
 */
export const isGoHello = (statement: string): boolean =>
  statement.trim().replace(/;$/, "") === "SELECT displayName(), version(), revision(), timezone()";

export function goHello(version: string): Buffer {
  const column = (name: string, type: string, value: Buffer) =>
    Buffer.concat([text(name), text(type), Buffer.of(0), value]);
  return Buffer.concat([
    Buffer.from("010002ffffffff000401", "hex"),
    column("displayName()", "String", text("metsuke")),
    column("version()", "String", text(version)),
    column("revision()", "UInt32", Buffer.alloc(4)),
    column("timezone()", "String", text("UTC")),
  ]);
}

/** Length (below 128, so one byte) and bytes. */
const text = (value: string): Buffer =>
  Buffer.concat([Buffer.of(Buffer.byteLength(value)), Buffer.from(value)]);
