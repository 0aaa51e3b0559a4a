/**
 * What there is to say of a tunnel that comes up on traffic and is not up: mostly that this is no fault. Pure. Azure shows a
 * policy-based connection by its SAs, as NotConnected while nobody sends, and so do we; the reason tells it from a failure.
 */
import type { TunnelPlan } from '@sallyport/model';
import type { ConnectionFacts } from './view.ts';
import type { Finding } from './reasons.ts';

/** undefined while the tunnel is coming up. A failure of the last attempt stays until the next one. */
export function idleFinding(
  tunnel: TunnelPlan,
  { sas, finding, nowMs }: Pick<ConnectionFacts, 'sas' | 'finding' | 'nowMs'>,
): Finding | undefined {
  // A peer that closes does what we do after the same silence.
  if (finding !== undefined && finding.code !== 'Idle' && finding.code !== 'PeerDeleted') return finding;
  if (sas.some(({ sa }) => sa.state === 'CREATED' || sa.state === 'CONNECTING')) return undefined;
  const because = finding?.message ?? 'no packet has asked for it yet';
  return { code: 'Idle', message: `idle, not broken: ${because}; ${next(tunnel)}`, atMs: finding?.atMs ?? nowMs };
}

function next({ ike }: TunnelPlan): string {
  if (!ike.initiates) return `the next packet of peer ${ike.remoteAddress} brings it up`;
  return `the next packet${ike.responds ? ' of either side' : ' of this side'} brings it up`;
}
