/** The other ends of the cells, whichever daemon they run. strongswan-peers.ts and libreswan-guest.ts are the two there are. */
import type { Cell } from './cells.ts';
import type { JsonObject } from '@sallyport/model';
import type { Seen } from './seen.ts';

export type Peers = AsyncDisposable & {
  /** How many may come up at the same moment: as many as can answer before the gateway gives one up. */
  readonly atOnce: number;
  /** Of the gateway's connection, where such a peer needs them. */
  readonly connectionProperties: (cell: Cell) => JsonObject;
  /** Makes all of them; they wait. */
  readonly start: (cells: readonly Cell[]) => Promise<void>;
  /** Does not wait for the outcome. */
  readonly begin: (cell: Cell) => Promise<void>;
  /** Whether an attempt of the peer's own is under way. */
  readonly hasBegun: (cell: Cell) => Promise<boolean>;
  readonly read: (cell: Cell) => Promise<Seen>;
  /** New keys for the CHILD SA, asked for by the peer. */
  readonly rekey: (cell: Cell) => Promise<void>;
  /** Echoes from behind the peer; true when all were answered. */
  readonly ping: (cell: Cell, target: string) => Promise<boolean>;
  /** Where echoes to the site go. */
  readonly hostAddress: (cell: Cell) => string;
  /** The last of its log, for a person. */
  readonly log: (cell: Cell) => Promise<string>;
};
