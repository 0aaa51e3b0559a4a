/**
 * The embedded store: one file, write-ahead log, every document cached parsed in memory. Commits of one turn of the event
 * loop share one transaction and one fsync. A second process on the same file is refused. Why SQLite failed is told by sqlite-errors.ts.
 */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DocumentTable } from './document-table.ts';
import { migrations } from './migrations.ts';
import type { Seal } from './seal.ts';
import { movedError, openError, writeError } from './sqlite-errors.ts';
import type { Change, Committed, Store, StoreKind } from './store.ts';
import { StoreError } from './store.ts';

/**
 * Kinds whose values are encrypted at rest. A deployment holds its template and an operation the error of a resource: both are
 * text of users, who may have written a key where no secure parameter hides it.
 */
const sealedKinds: ReadonlySet<string> = new Set<StoreKind>(['secret', 'deployment', 'operation']);

type Waiting = {
  readonly committed: readonly Committed[];
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
};

/** @throws StoreError in-use, corrupt, full, unavailable */
export function openSqliteStore(options: { readonly file: string; readonly seal: Seal }): Store {
  const database = openDatabase(options.file);
  const table = new DocumentTable();
  try {
    load(database, table, options.seal);
  } catch (error) {
    database.close();
    throw openError(options.file, error);
  }
  const toDisk = createWriter(database, options.seal);
  const isInPlace = watchPlace([options.file, `${options.file}-wal`]);
  const write: typeof toDisk = (committed) => {
    if (!isInPlace()) throw movedError(options.file);
    toDisk(committed);
  };
  let waiting: Waiting[] = [];
  let failure: StoreError | undefined;
  let isClosed = false;

  function flush(): void {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const committed = batch.flatMap((one) => one.committed);
    try {
      write(committed);
      for (const { resolve } of batch) resolve();
    } catch (cause) {
      const error = failed(cause);
      table.tell(table.undo(committed));
      for (const { reject } of batch) reject(error);
    }
  }

  function failed(cause: unknown): StoreError {
    failure = writeError(options.file, cause);
    return failure;
  }

  /**
   * After a failure the disk comes first, and memory only when it took the change: nobody sees, or is woken by, what may not last,
   * and the first commit that can be written again ends the failure.
   */
  function commitToDiskFirst(changes: readonly Change[]): void {
    const committed = table.apply(changes);
    try {
      write(committed);
    } catch (cause) {
      table.undo(committed);
      throw failed(cause);
    }
    failure = undefined;
    table.tell(committed);
  }

  function enqueue(committed: readonly Committed[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.push({ committed, resolve, reject });
    if (waiting.length === 1) setImmediate(flush);
    return promise;
  }

  return {
    get: table.get,
    list: table.list,
    revision: table.revision,
    watch: table.watch,
    commit: async (changes) => {
      if (isClosed) throw new StoreError('unavailable', 'the store is closed');
      if (failure !== undefined) {
        commitToDiskFirst(changes);
        return;
      }
      const committed = table.apply(changes);
      table.tell(committed);
      await enqueue(committed);
    },
    failure: () => failure?.message,
    flushed: async () => {
      if (waiting.length > 0) await enqueue([]);
    },
    [Symbol.asyncDispose]: async () => {
      if (isClosed) return;
      isClosed = true;
      flush();
      database.close();
    },
  };
}

function openDatabase(file: string): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  try {
    const database = new DatabaseSync(file);
    chmodSync(file, 0o600);
    // The cache above holds the truth while we run, so nobody else may write: exclusive for as long as we live.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE; COMMIT');
    migrate(database);
    return database;
  } catch (cause) {
    throw openError(file, cause);
  }
}

/** Whether the files are those that we hold open: SQLite would go on writing to removed ones, and all of it would be gone with us. */
function watchPlace(files: readonly string[]): () => boolean {
  const inodes = (): string => files.map((file) => statSync(file, { throwIfNoEntry: false })?.ino ?? 0).join(' ');
  const opened = inodes();
  return () => inodes() === opened;
}

function migrate(database: DatabaseSync): void {
  const applied = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (applied > migrations.length)
    throw new StoreError('corrupt', `the data is of a newer version (${applied}) than this program (${migrations.length})`);
  for (const [index, statements] of migrations.entries()) {
    if (index < applied) continue;
    database.exec(`BEGIN; ${statements}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}

function load(database: DatabaseSync, table: DocumentTable, seal: Seal): void {
  for (const row of database.prepare('SELECT kind, key, revision, sealed, value FROM documents').iterate()) {
    const kind = String(row['kind']) as StoreKind; // only this module writes the column
    const key = String(row['key']);
    const text = Number(row['sealed']) === 1 ? seal.open(String(row['value']), `${kind} ${key}`) : String(row['value']);
    table.load({ kind, key, revision: Number(row['revision']), value: JSON.parse(text) });
  }
  table.loadRevision(Number(database.prepare("SELECT value FROM counters WHERE name = 'revision'").get()?.['value'] ?? 0));
}

function createWriter(database: DatabaseSync, seal: Seal): (committed: readonly Committed[]) => void {
  const put = database.prepare(
    `INSERT INTO documents (kind, key, revision, sealed, value) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (kind, key) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed, value = excluded.value`,
  );
  const remove = database.prepare('DELETE FROM documents WHERE kind = ? AND key = ?');
  const count = database.prepare("UPDATE counters SET value = ? WHERE name = 'revision'");
  return (committed) => {
    database.exec('BEGIN IMMEDIATE');
    try {
      for (const { change, revision } of committed) {
        if (change.type === 'delete') {
          remove.run(change.kind, change.key);
          continue;
        }
        const text = JSON.stringify(change.value);
        const isSealed = sealedKinds.has(change.kind);
        put.run(change.kind, change.key, revision, isSealed ? 1 : 0, isSealed ? seal.seal(text, `${change.kind} ${change.key}`) : text);
      }
      count.run(committed.at(-1)?.revision ?? 0);
      database.exec('COMMIT');
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK'); // a full disk ends it by itself
      throw error;
    }
  };
}
