/**
 * What is written down of an instance's tunnels as their SAs are seen: bytes and packets, when each came up and went, and why. Decides nothing. The
 * sums are counters.ts, the lines history.ts.
 */
import type { ChildSaObservation, TunnelPlan } from '@sallyport/model';
import type { EngineContext } from '../engine.ts';
import { openCounters, type Counters } from './counters.ts';
import type { History } from './history.ts';
import type { CharonSa } from './observe.ts';
import { connectionStatus } from './status.ts';
import { counterFile } from './traces.ts';

/** What a restarted agent misses is read back from charon anyway, but for children that ended meanwhile. */
const saveEveryMs = 5000;

export type LedgerOptions = {
  readonly context: Pick<EngineContext, 'clock' | 'paths'>;
  readonly namespace: string;
  readonly history: Pick<History, 'tunnel' | 'keepOnly'>;
  readonly peerOf: (tunnel: TunnelPlan) => string;
  /** Why a tunnel is down, where charon's log told. */
  readonly reasonOf: (tunnel: TunnelPlan, peer: string) => string | undefined;
};

export type Ledger = {
  /** All SAs of a tunnel, as read now. */
  readonly record: (tunnel: TunnelPlan, sas: readonly CharonSa[]) => void;
  /** The last counters of a child come with the event that ends it. */
  readonly recordSome: (tunnel: TunnelPlan, children: readonly ChildSaObservation[]) => void;
  readonly recordUnseen: (tunnel: TunnelPlan, why: string) => void;
  readonly total: Counters['total'];
  /** Forgets all other tunnels. */
  readonly keepOnly: (tunnels: readonly TunnelPlan[]) => void;
  /** Now and then, and after a tunnel came up or went. */
  readonly saveWhenDue: () => void;
  readonly save: () => void;
};

export function openLedger({ context, namespace, history, peerOf, reasonOf }: LedgerOptions): Ledger {
  const { clock } = context;
  const counters = openCounters(counterFile(context, namespace));
  let savedAt = -saveEveryMs;

  const note = (tunnel: TunnelPlan, isUp: boolean, why?: string): void => {
    const nowMs = clock.now();
    if (!counters.note(tunnel.connection, isUp, nowMs)) return;
    // Whether a tunnel is up is saved with the pass that saw it: an agent killed before would tell its coming up once more.
    savedAt = -saveEveryMs;
    const peer = peerOf(tunnel);
    const reason = isUp ? '' : (why ?? reasonOf(tunnel, peer) ?? 'closed from this side');
    history.tunnel(tunnel.name, isUp, reason, peer, nowMs);
  };
  return {
    record: (tunnel, sas) => {
      counters.record(
        tunnel.connection,
        sas.flatMap(({ sa }) => sa.childSas),
      );
      note(tunnel, connectionStatus(sas, false) === 'Connected');
    },
    recordSome: (tunnel, children) => counters.recordSome(tunnel.connection, children),
    recordUnseen: (tunnel, why) => note(tunnel, false, why),
    total: counters.total,
    keepOnly: (tunnels) => {
      counters.keepOnly(tunnels.map((tunnel) => tunnel.connection));
      history.keepOnly(tunnels.map((tunnel) => tunnel.name));
    },
    saveWhenDue: () => {
      const now = clock.monotonic();
      if (now - savedAt < saveEveryMs) return;
      savedAt = now;
      counters.save();
    },
    save: counters.save,
  };
}
