/**
 * Turns one tunnel of the plan into what charon is told over VICI: a connection (members of swanctl.conf(5)) and the
 * owners of its shared key. Pure; sending it is apply.ts. The key itself is never part of it.
 */
import type { EspPlan, EspProposal, TunnelPlan } from '@sallyport/model';
import type { ViciInput } from '@sallyport/protocols';
import { espProposal, ikeProposal } from './algorithms.ts';

/** Who moves the packets: the kernel's ESP with XFRM interfaces, or xfrmd, which speaks UDP-encapsulated ESP only. */
export type XfrmVariant = 'kernel' | 'xfrmd';

export type RenderedConnection = {
  /** Name of the connection in charon. */
  readonly name: string;
  readonly body: ViciInput;
  /** The peer's, looked up where the plan has a host name. */
  readonly peerAddress: string;
  /** Identities under which charon finds the shared key. */
  readonly keyOwners: readonly string[];
  /** Children that have to be up, by name, with their selectors; none where traffic or the peer brings them up. */
  readonly children: readonly RenderedChild[];
};
export type RenderedChild = { readonly name: string; readonly local: readonly string[]; readonly remote: readonly string[] };

export type RenderOptions = {
  readonly variant: XfrmVariant;
  /** The peer's address where the plan has a host name. */
  readonly resolvedAddress?: string;
  /** What the peer calls itself (peer-identity.ts); else the plan's, or its address. */
  readonly peerIdentity?: string;
  /** DER, where the plan has certificates. */
  readonly ownCertificate?: Uint8Array;
};

export const anywhere = '0.0.0.0/0';
/** Soft lifetimes end here, so that a rekey has the rest of the time to succeed. */
const softShare = 0.9;
/** Spread of soft lifetimes, so that both ends seldom rekey at once. */
const spreadShare = 0.05;
/** Without extended sequence numbers an SA ends at 2^32 packets (RFC 4303 §2.2), minutes at 10 Gbit/s: rekey before. */
const maxPackets = 4_000_000_000;
/** How long charon tries to get an answer before a peer counts as dead; the sum of its retransmissions (charon.ts). */
export const retransmitSeconds = 11;
const minDpdDelaySeconds = 3;

export function renderConnection(tunnel: TunnelPlan, options: RenderOptions): RenderedConnection {
  const { ike, name } = tunnel;
  const remoteAddress = options.resolvedAddress ?? ike.remoteAddress;
  const remoteId = options.peerIdentity ?? (ike.remoteId === '%any' ? remoteAddress : ike.remoteId);
  const overTime = Math.round(ike.lifetimeSeconds * (1 - softShare));
  const children = renderChildren(tunnel);
  return {
    name,
    peerAddress: remoteAddress,
    // Ours is not among them: charon tries every key of either owner, and all connections of a gateway have our identity.
    // With certificates the key is a random one that only carries the mark; nobody has that name.
    keyOwners: [ike.certificate === undefined ? remoteId : `${name}.mark.invalid`],
    children: children.required,
    body: {
      version: `${ike.version}`,
      local_addrs: [ike.localAddress],
      remote_addrs: [remoteAddress],
      // As responder Azure accepts what it would offer and more; charon has one list for both directions.
      proposals: distinct([...(ike.initiates ? ike.offers : []), ...(ike.responds ? ike.accepts : [])].map(ikeProposal)),
      encap: options.variant === 'kernel' ? 'no' : 'yes',
      mobike: 'no',
      fragmentation: 'yes',
      // Retries of a silent peer go on inside charon, so they need no agent. Refusals end the SA; the agent starts anew.
      // Where traffic starts the tunnel, the next packet asks again.
      keyingtries: ike.initiates && !comesUpOnTraffic(tunnel) ? '0' : '1',
      unique: 'replace',
      ...dpd(tunnel),
      // VGW-IKE-006: in place, where IKE knows how.
      rekey_time: `${ike.lifetimeSeconds - overTime}s`,
      over_time: `${overTime}s`,
      rand_time: `${overTime}s`,
      reauth_time: '0s',
      ...authentication(tunnel, remoteId, options),
      children: children.bodies,
    },
  };
}

function authentication(
  { ike }: TunnelPlan,
  remoteId: string,
  { ownCertificate }: RenderOptions,
): Readonly<Record<'local' | 'remote', ViciInput>> {
  if (ike.certificate === undefined) return { local: { auth: 'psk', id: ike.localId }, remote: { auth: 'psk', id: remoteId } };
  return {
    // charon takes our identity from the certificate.
    local: { auth: 'pubkey', certs: ownCertificate === undefined ? [] : [ownCertificate] },
    // Only these authorities count for this connection, whatever else charon knows.
    remote: { auth: 'pubkey', id: ike.remoteId, cacerts: ike.certificate.authorities.map((data) => Buffer.from(data, 'base64')) },
  };
}

/**
 * VGW-PEER-007: IKEv2 has no timeout of its own for liveness checks: a peer is dead when a check's retransmissions end. So the check
 * starts that much earlier than the peer's `dpdTimeoutSeconds`. Where that leaves too little time, silence.ts ends the wait.
 */
function dpd({ ike }: TunnelPlan): Readonly<Record<string, string>> {
  if (ike.dpdTimeoutSeconds === 0) return { dpd_delay: '0s' };
  if (ike.version === 1) {
    return {
      dpd_delay: `${Math.max(minDpdDelaySeconds, Math.floor(ike.dpdTimeoutSeconds / 3))}s`,
      dpd_timeout: `${ike.dpdTimeoutSeconds}s`,
    };
  }
  return { dpd_delay: `${dpdDelaySeconds(ike)}s` };
}

/** IKEv2: how long a peer may be silent before it is asked. */
export function dpdDelaySeconds({ dpdTimeoutSeconds }: Pick<TunnelPlan['ike'], 'dpdTimeoutSeconds'>): number {
  return Math.max(minDpdDelaySeconds, dpdTimeoutSeconds - retransmitSeconds);
}

/**
 * VGW-PEER-001, VGW-PEER-002: what we ask for as initiator and what we accept are different things in Azure (its tables of offers differ, and as
 * responder it takes whatever selectors the peer proposes). A responder takes the first of equally good children, and a
 * better-fitting one before that; so the accepting child comes first, and we only ever initiate the others.
 */
function renderChildren(tunnel: TunnelPlan): {
  readonly bodies: ReadonlyMap<string, ViciInput>;
  readonly required: readonly RenderedChild[];
} {
  const { ike, esp, name } = tunnel;
  const mainModeGroup = ike.offers[0]?.dhGroup ?? 'None';
  const words = (proposals: readonly EspProposal[]): readonly string[] =>
    distinct(proposals.map((proposal) => espProposal(proposal, mainModeGroup)));
  const offers = words(esp.offers);
  const accepts = words(esp.accepts);
  const settings = childSettings(tunnel);
  const proposing = (proposals: readonly string[], local: readonly string[], remote: readonly string[]): ViciInput => ({
    esp_proposals: proposals,
    local_ts: local,
    remote_ts: remote,
    ...settings,
  });
  // It is never ours to start, not even after a dead peer: the configured selectors are.
  const accepting: ViciInput = { esp_proposals: accepts, local_ts: [anywhere], remote_ts: [anywhere], ...settings, dpd_action: 'clear' };
  const bodies = new Map<string, ViciInput>();
  if (!ike.initiates && esp.acceptsOtherSelectors) {
    bodies.set(name, accepting);
    return { bodies, required: [{ name, local: [anywhere], remote: [anywhere] }] };
  }
  const isCoveredByOffers = !esp.acceptsOtherSelectors || (isAnyToAny(esp) && offers.join() === accepts.join());
  // Also where the connection only initiates: a peer may ask for more children in the IKE SA that we started.
  if (!isCoveredByOffers) bodies.set(acceptingChild(name), accepting);
  const wanted = esp.selectors.map(({ local, remote }, index) => ({
    name: esp.selectors.length === 1 ? name : `${name}-${index + 1}`,
    local,
    remote,
  }));
  for (const child of wanted) bodies.set(child.name, proposing(ike.initiates ? offers : accepts, child.local, child.remote));
  return { bodies, required: comesUpOnTraffic(tunnel) ? [] : wanted };
}

/** A trap in charon's policies then asks for the tunnel, and nobody else does. */
export function comesUpOnTraffic({ esp }: Pick<TunnelPlan, 'esp'>): boolean {
  return esp.idleTimeoutSeconds > 0;
}

export function acceptingChild(connection: string): string {
  return `${connection}-accept`;
}

function childSettings(tunnel: TunnelPlan): Readonly<Record<string, string>> {
  const { ike, esp, ifId } = tunnel;
  const bytes = esp.lifetimeKilobytes * 1024;
  return {
    mode: 'tunnel',
    policies: 'yes',
    life_time: `${esp.lifetimeSeconds}s`,
    rekey_time: `${Math.floor(esp.lifetimeSeconds * softShare)}s`,
    rand_time: `${Math.floor(esp.lifetimeSeconds * spreadShare)}s`,
    ...(bytes === 0
      ? {}
      : { life_bytes: `${bytes}`, rekey_bytes: `${Math.floor(bytes * softShare)}`, rand_bytes: `${Math.floor(bytes * spreadShare)}` }),
    life_packets: `${maxPackets}`,
    rekey_packets: `${maxPackets * softShare}`,
    rand_packets: `${maxPackets * spreadShare}`,
    replay_window: `${esp.replayWindow}`,
    copy_df: 'yes',
    copy_ecn: 'yes',
    copy_dscp: 'out',
    // A dead peer is tried again at once by charon itself. A peer that closes is left to the agent's next start, or both
    // ends could chase each other.
    dpd_action: ike.initiates && !comesUpOnTraffic(tunnel) ? 'restart' : 'clear',
    close_action: 'none',
    start_action: ike.initiates && comesUpOnTraffic(tunnel) ? 'trap' : 'none',
    ...(comesUpOnTraffic(tunnel) ? { inactivity: `${esp.idleTimeoutSeconds}s` } : {}),
    if_id_in: `${ifId}`,
    if_id_out: `${ifId}`,
  };
}

export function isAnyToAny(esp: EspPlan): boolean {
  const [only, ...more] = esp.selectors;
  return more.length === 0 && only?.local.join() === anywhere && only.remote.join() === anywhere;
}

function distinct(words: readonly string[]): readonly string[] {
  return [...new Set(words)];
}
