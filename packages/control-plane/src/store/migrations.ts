/** Numbered schema changes of the sqlite store. Only ever append; `user_version` says how many were applied. */
export const migrations: readonly string[] = [
  `CREATE TABLE documents (
     kind TEXT NOT NULL,
     key TEXT NOT NULL,
     revision INTEGER NOT NULL,
     -- 0: JSON text; 1: JSON text sealed with the data directory's key
     sealed INTEGER NOT NULL DEFAULT 0,
     value TEXT NOT NULL,
     PRIMARY KEY (kind, key)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   INSERT INTO counters VALUES ('revision', 0);`,
];
