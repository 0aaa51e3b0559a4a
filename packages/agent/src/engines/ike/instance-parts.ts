/**
 * What the three sides of an instance have in common: instance-apply.ts makes charon as the plan says, instance-watch.ts keeps tunnels up,
 * instance-view.ts tells what is there. Everything that decides is read back from charon; what is kept here only makes the agent quicker and
 * wordier. instance.ts makes it; no behaviour of its own.
 */
import type { TunnelPlan } from '@sallyport/model';
import type { EngineContext } from '../engine.ts';
import type { CharonFiles } from './charon.ts';
import type { Arrivals } from './crossing.ts';
import type { Known } from './desired.ts';
import type { Ledger } from './ledger.ts';
import type { Listening } from './listening.ts';
import type { PeerAddresses } from './peer-address.ts';
import type { PeerIdentities } from './peer-identity.ts';
import type { Proofs } from './proofs.ts';
import type { ReasonTracker } from './reason-tracker.ts';
import type { XfrmVariant } from './render.ts';
import type { Renderings } from './renderings.ts';
import type { Silences } from './silence.ts';
import type { Stalls } from './stalls.ts';
import type { Starts } from './starts.ts';
import type { Successors } from './successors.ts';

/** What the last pass, or the one under way, knew. */
export type Memory = {
  /** As of the last reconcile; of one under way, as soon as a connection has been changed. */
  known: ReadonlyMap<string, Known>;
  /** Of the plan being applied: charon's log tells of a connection before the pass that loads it has ended. */
  tunnels: ReadonlyMap<string, TunnelPlan>;
  /** Names of these by the peer's address, the first of several. */
  peers: ReadonlyMap<string, string>;
  /** Connections whose change is under way. */
  readonly changing: Set<string>;
};

export type InstanceParts = {
  readonly context: EngineContext;
  readonly namespace: string;
  readonly variant: XfrmVariant;
  readonly renderings: Renderings;
  readonly files: CharonFiles;
  readonly memory: Memory;
  readonly ledger: Ledger;
  readonly listening: Listening;
  readonly addresses: PeerAddresses;
  readonly identities: PeerIdentities;
  readonly reasons: ReasonTracker;
  readonly starts: Starts;
  readonly silences: Silences;
  readonly arrivals: Arrivals;
  readonly proofs: Proofs;
  readonly stalls: Stalls;
  readonly successors: Successors;
};

/**
 * A connection as charon has it; undefined while it is changed. To be asked right before something is done: whoever has waited for charon since may hold
 * what the connection was before a change, and would start what no longer starts.
 */
export function settled({ known, changing }: Memory, name: string): Known | undefined {
  return changing.has(name) ? undefined : known.get(name);
}

export function newMemory(): Memory {
  return { known: new Map(), tunnels: new Map(), peers: new Map(), changing: new Set() };
}
