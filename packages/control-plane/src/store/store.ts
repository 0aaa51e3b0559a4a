/**
 * Where everything the control plane knows is kept: documents by kind and key, changed in all-or-nothing sets. No rules
 * live here; kinds and their shapes are in `records.ts`, the two implementations in `memory-store.ts` and `sqlite-store.ts`.
 *
 * One writer: `commit` checks and applies to memory before it returns, so that what the same turn of the event loop has
 * validated is what is written; its promise resolves when the change is durable. Answer a client only after that. What can't be
 * written is taken back from memory.
 */
export type StoreKind = 'resource' | 'group' | 'secret' | 'operation' | 'deployment' | 'plan' | 'observation' | 'meta';

export type StoredDocument = {
  readonly kind: StoreKind;
  readonly key: string;
  /** Grows with every commit of the store; a document's is that of its last change. */
  readonly revision: number;
  readonly value: unknown;
};

export type Change =
  | {
      readonly type: 'put';
      readonly kind: StoreKind;
      readonly key: string;
      /** JSON. Kept as given and shared with readers: never mutate it afterwards. */
      readonly value: unknown;
      /** Compare-and-set: the revision last read, 0 for "must not exist". Absent: whatever is there. */
      readonly expect?: number;
    }
  | { readonly type: 'delete'; readonly kind: StoreKind; readonly key: string; readonly expect?: number };

export type Committed = { readonly change: Change; readonly before: StoredDocument | undefined; readonly revision: number };

export type Store = AsyncDisposable & {
  readonly get: (kind: StoreKind, key: string) => StoredDocument | undefined;
  /** In order of key. */
  readonly list: (kind: StoreKind) => readonly StoredDocument[];
  /** Revision of the newest commit, 0 for an empty store. */
  readonly revision: () => number;
  /** All of the changes or none, in memory too. @throws StoreError `conflict`, `full` or `unavailable`: nothing changed. */
  readonly commit: (changes: readonly Change[]) => Promise<void>;
  /** Resolves when all that was committed so far is durable. Before telling anybody who will act on it for ever. */
  readonly flushed: () => Promise<void>;
  /** Why the last commit could not be written, in one sentence with the remedy; undefined once one could. */
  readonly failure: () => string | undefined;
  /** Called synchronously after each commit, in order, and when one is taken back. Returns the way to stop. */
  readonly watch: (listener: (committed: readonly Committed[]) => void) => () => void;
};

export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** `full`: no space on its disk. `unavailable`: it can't be written for another reason, or is closed. */
  readonly code: 'conflict' | 'full' | 'unavailable' | 'in-use' | 'corrupt';

  constructor(code: StoreError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
