/** One instance's connections and its charon as observations: SAs, counters and reasons joined. Pure. What idles is idle.ts. */
import type { ConnectionObservation, InstancePlan, TunnelPlan } from '@sallyport/model';
import type { Traffic } from './counters.ts';
import type { CharonSa } from './observe.ts';
import { idleFinding } from './idle.ts';
import { notesOf } from './notes.ts';
import { sentence, type Finding } from './reasons.ts';
import { comesUpOnTraffic } from './render.ts';
import { connectionStatus } from './status.ts';

export type ConnectionFacts = {
  /** Of this connection. */
  readonly sas: readonly CharonSa[];
  readonly finding: Finding | undefined;
  readonly traffic: Traffic & { readonly lastEstablishedAt?: string };
  readonly nowMs: number;
  /** Of the loaded shared key, while there is a choice. */
  readonly keyVersion?: number | undefined;
};

export function viewConnection(instance: InstancePlan, tunnel: TunnelPlan, facts: ConnectionFacts): ConnectionObservation {
  const finding = comesUpOnTraffic(tunnel) ? idleFinding(tunnel, facts) : (facts.finding ?? waiting(tunnel, facts.nowMs));
  const status = connectionStatus(facts.sas, finding !== undefined);
  const notes = notesOf(facts.sas);
  return {
    connection: tunnel.connection,
    instance: instance.id,
    observedAt: new Date(facts.nowMs).toISOString(),
    status,
    ...facts.traffic,
    ...(status === 'Connected' || finding === undefined
      ? {}
      : { reason: { code: finding.code, message: sentence(finding, tunnel), at: new Date(finding.atMs).toISOString() } }),
    ...(facts.keyVersion === undefined ? {} : { sharedKeyVersion: facts.keyVersion }),
    ...(notes.length === 0 ? {} : { notes }),
    ikeSas: facts.sas.map(({ sa }) => sa),
  };
}

/** Of a connection whose charon can't be asked. */
export function viewUnseen(
  instance: InstancePlan,
  tunnel: TunnelPlan,
  facts: Omit<ConnectionFacts, 'sas' | 'finding'>,
  why: string,
): ConnectionObservation {
  const at = new Date(facts.nowMs).toISOString();
  return {
    connection: tunnel.connection,
    instance: instance.id,
    observedAt: at,
    status: 'NotConnected',
    ...facts.traffic,
    reason: { code: 'EngineDown', message: why, at },
    ikeSas: [],
  };
}

/** Nothing has gone wrong yet where only the peer may start; that it has not is what there is to say. */
function waiting({ ike }: TunnelPlan, nowMs: number): Finding | undefined {
  if (ike.initiates) return undefined;
  return {
    code: 'PeerSilent',
    message: `peer ${ike.remoteAddress} has not started the tunnel, and this connection only responds`,
    atMs: nowMs,
  };
}
