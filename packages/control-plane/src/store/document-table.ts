/** The documents in memory: the whole of the memory store, and the read side of the sqlite store. Not durable. */
import type { Change, Committed, StoredDocument, StoreKind } from './store.ts';
import { StoreError } from './store.ts';

export class DocumentTable {
  readonly #kinds = new Map<StoreKind, Map<string, StoredDocument>>();
  /** Sorted keys, made when asked for and dropped when a key comes or goes. */
  readonly #keys = new Map<StoreKind, readonly string[]>();
  readonly #listeners = new Set<(committed: readonly Committed[]) => void>();
  #revision = 0;

  readonly get = (kind: StoreKind, key: string): StoredDocument | undefined => this.#kinds.get(kind)?.get(key);

  readonly list = (kind: StoreKind): readonly StoredDocument[] => {
    const documents = this.#of(kind);
    const keys = this.#keys.get(kind) ?? [...documents.keys()].toSorted();
    this.#keys.set(kind, keys);
    return keys.flatMap((key) => documents.get(key) ?? []);
  };

  readonly revision = (): number => this.#revision;

  readonly watch = (listener: (committed: readonly Committed[]) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Puts a document read from disk, without telling watchers. */
  load(document: StoredDocument): void {
    this.#of(document.kind).set(document.key, document);
    this.#keys.delete(document.kind);
    this.#revision = Math.max(this.#revision, document.revision);
  }

  /** The newest revision on disk may be that of a deletion. */
  loadRevision(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
  }

  /** Watchers hear of it by `tell`. @throws StoreError conflict, before anything changes. */
  apply(changes: readonly Change[]): readonly Committed[] {
    for (const change of changes) this.#check(change);
    this.#revision += 1;
    const revision = this.#revision;
    return changes.map((change) => {
      const before = this.get(change.kind, change.key);
      this.#place(change, change.type === 'put' ? { kind: change.kind, key: change.key, revision, value: change.value } : undefined);
      return { change, before, revision };
    });
  }

  /**
   * Takes the newest commits back, the documents' revisions included; answers what that did, as `apply` would. The store's own revision
   * stays: no number means two things.
   */
  undo(committed: readonly Committed[]): readonly Committed[] {
    return committed.toReversed().map(({ change, before: restored }) => {
      const { kind, key } = change;
      const before = this.get(kind, key);
      this.#place(change, restored);
      const back: Change = restored === undefined ? { type: 'delete', kind, key } : { type: 'put', kind, key, value: restored.value };
      return { change: back, before, revision: this.#revision };
    });
  }

  tell(committed: readonly Committed[]): void {
    for (const listener of this.#listeners) listener(committed);
  }

  #place({ kind, key }: Change, document: StoredDocument | undefined): void {
    const documents = this.#of(kind);
    if (document === undefined || !documents.has(key)) this.#keys.delete(kind);
    if (document === undefined) documents.delete(key);
    else documents.set(key, document);
  }

  #check(change: Change): void {
    if (change.expect === undefined) return;
    const actual = this.get(change.kind, change.key)?.revision ?? 0;
    if (actual !== change.expect)
      throw new StoreError('conflict', `${change.kind} ${change.key} is at revision ${actual}, not ${change.expect}`);
  }

  #of(kind: StoreKind): Map<string, StoredDocument> {
    let documents = this.#kinds.get(kind);
    if (documents === undefined) {
      documents = new Map();
      this.#kinds.set(kind, documents);
    }
    return documents;
  }
}
