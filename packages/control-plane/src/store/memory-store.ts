/** A store that forgets at exit: for tests and the simulated demo. */
import { DocumentTable } from './document-table.ts';
import type { Store } from './store.ts';
import { StoreError } from './store.ts';

export function createMemoryStore(): Store {
  const table = new DocumentTable();
  let isClosed = false;
  return {
    get: table.get,
    list: table.list,
    revision: table.revision,
    watch: table.watch,
    commit: async (changes) => {
      if (isClosed) throw new StoreError('unavailable', 'the store is closed');
      table.tell(table.apply(changes));
    },
    flushed: async () => {},
    failure: () => undefined,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
    },
  };
}
