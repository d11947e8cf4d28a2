import { ddl } from "../../schemas/ddl.ts";
import { errorText, MetsukeError } from "../errors.ts";
import type { Store } from "./port.ts";

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
}

/**
 * Creates database, tables and views, and adds the columns that a former version lacks; safe to
 * repeat and to run by several processes. `store` MUST be open on `database`.
 * @throws METSUKE_STORE_REFUSED naming the column when a type would have to change.
 */
export async function migrate(store: Store, database: string): Promise<void> {
  await store.command(`CREATE DATABASE IF NOT EXISTS \`${database}\``);
  const rows = await store.query<ColumnRow>(
    "SELECT table, name, type FROM system.columns WHERE database = {database:String}",
    { database },
  );
  const existing = new Map<string, Map<string, string>>();
  for (const { table, name, type } of rows) {
    const columns = existing.get(table) ?? new Map<string, string>();
    existing.set(table, columns.set(name, type));
  }
  for (const statement of statements(database, existing)) await store.command(statement);
}

function statements(database: string, existing: Map<string, Map<string, string>>): string[] {
  try {
    return ddl(database, existing);
  } catch (error) {
    throw new MetsukeError("METSUKE_STORE_REFUSED", errorText(error), { cause: error });
  }
}
