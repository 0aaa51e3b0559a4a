/** A disk under the sqlite store that is full when told to be: SQLite's own limit stands for it, and gives the same SQLITE_FULL as ENOSPC does. */
import { DatabaseSync } from 'node:sqlite';

export type StoreDisk = { readonly fill: () => void; readonly free: () => void };

/** @param open opens one store, whose disk this is then. */
export async function withStoreDisk<T>(open: () => T | Promise<T>): Promise<{ readonly opened: T; readonly disk: StoreDisk }> {
  const databases: DatabaseSync[] = [];
  const method = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec') as { readonly value: (sql: string) => void };
  const caught = function exec(this: DatabaseSync, sql: string): void {
    databases.push(this);
    Reflect.apply(method.value, this, [sql]);
  };
  Object.defineProperty(DatabaseSync.prototype, 'exec', { ...method, value: caught });
  const opened = await Promise.resolve(open()).finally(() => Object.defineProperty(DatabaseSync.prototype, 'exec', method));
  const limit = (pages: number): void => databases[0]?.exec(`PRAGMA max_page_count = ${pages}`);
  return { opened, disk: { fill: () => limit(1), free: () => limit(1_000_000) } };
}
