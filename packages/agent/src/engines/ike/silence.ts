/**
 * Whether a peer has left a request unanswered for too long, where its connection asks for less patience than charon has: charon's
 * retransmissions are one set for all connections and take eleven seconds, after a check that starts three seconds into a silence at the
 * earliest. Pure but for its own memory, which an agent that was restarted begins anew; charon itself finds the peer dead in any case.
 */
import type { TunnelPlan } from '@sallyport/model';
import { dpdDelaySeconds, retransmitSeconds } from './render.ts';
import type { CharonSa } from './observe.ts';
import { isIkeUp } from './status.ts';

export type Silences = {
  /** Told of every reading of a connection's SAs. @returns those whose peer is dead by the connection's own timeout. */
  readonly read: (tunnel: TunnelPlan, sas: readonly CharonSa[], nowMs: number) => readonly CharonSa[];
};

export function createSilences(): Silences {
  /** By connection: since when each SA has been waiting at every reading, by its SPI. */
  const waits = new Map<string, ReadonlyMap<string, number>>();
  return {
    read: (tunnel, sas, nowMs) => {
      const patienceMs = patienceSeconds(tunnel) * 1000;
      const before = waits.get(tunnel.name);
      const waiting = patienceMs === 0 ? [] : sas.filter(({ sa, isWaiting }) => isWaiting && isIkeUp(sa));
      if (waiting.length === 0) {
        waits.delete(tunnel.name);
        return [];
      }
      const since = new Map(waiting.map(({ sa }) => [sa.initiatorSpi, before?.get(sa.initiatorSpi) ?? nowMs]));
      waits.set(tunnel.name, since);
      return waiting.filter(({ sa }) => nowMs - (since.get(sa.initiatorSpi) ?? nowMs) >= patienceMs);
    },
  };
}

/** How long an answer may take; 0 where charon's own end comes soon enough. IKEv1 has a timeout of its own. */
export function patienceSeconds({ ike }: Pick<TunnelPlan, 'ike'>): number {
  if (ike.version === 1 || ike.dpdTimeoutSeconds === 0) return 0;
  const left = ike.dpdTimeoutSeconds - dpdDelaySeconds(ike);
  return left < retransmitSeconds ? left : 0;
}
