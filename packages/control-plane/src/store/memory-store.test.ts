/** The memory store keeps the contract. */
import { createMemoryStore } from './memory-store.ts';
import { describeStore } from './store.contract.ts';

describeStore('memory store', createMemoryStore);
