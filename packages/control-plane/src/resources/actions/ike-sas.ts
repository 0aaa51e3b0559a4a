/**
 * getikesas (VGW-OPS-003): the security associations of a connection from the newest observation, in Azure's shape. The answer is a string
 * that holds JSON text, cookies and SPIs as unquoted 64- and 32-bit numbers.
 */
import type { ChildSaObservation, ConnectionObservation, IkeSaObservation, Resource, TunnelPlan } from '@sallyport/model';
import { addressAt, formatAddress, isSameResource, parseCidr, sizeOf } from '@sallyport/model';
import type { ArmResponse } from '../../arm/message.ts';
import type { Action, ActionCall } from './action.ts';
import { dataAnswer } from './action.ts';

export const ikeSaActions: readonly Action[] = [{ method: 'POST', type: 'connections', path: 'getikesas', answer: getIkeSas }];

function getIkeSas(call: ActionCall): Promise<ArmResponse> {
  const { context, existing } = call;
  return dataAnswer(call, 'GetIkeSas', ikeSasText(context.live.connection(existing.id), tunnelOf(context, existing), context.clock.now()));
}

function tunnelOf(context: ActionCall['context'], connection: Resource): TunnelPlan | undefined {
  const instances = context.live.plan()?.plan.hosts.flatMap((host) => host.instances) ?? [];
  return instances.flatMap(({ tunnels }) => tunnels).find((tunnel) => isSameResource(tunnel.connection, connection.id));
}

/** As charon names the states of SAs that carry something; half-open ones are no associations yet. */
const standing: ReadonlySet<string> = new Set(['ESTABLISHED', 'INSTALLED', 'REKEYING', 'REKEYED', 'UPDATING']);
export const isStanding = ({ state }: { readonly state: string }): boolean => standing.has(state);

/**
 * @param tunnel the plan's part: lifetimes are what we set, not what is left of them.
 * @param nowMs an observation may be some seconds old, and an SA's age is counted from it.
 */
export function ikeSasText(observations: readonly ConnectionObservation[], tunnel: TunnelPlan | undefined, nowMs: number): string {
  const sas = observations.flatMap(({ ikeSas, observedAt }) => {
    const sinceSeconds = Math.max(0, Math.round((nowMs - Date.parse(observedAt)) / 1000));
    return ikeSas.filter(isStanding).map((sa) => ikeSa(sa, tunnel, sinceSeconds));
  });
  // JSON.stringify can't write numbers beyond 2^53; they come as strings marked with a leading `#`.
  return JSON.stringify({ IkeSAs: sas }).replaceAll(/"#(\d+)"/g, '$1');
}

function ikeSa(sa: IkeSaObservation, tunnel: TunnelPlan | undefined, sinceSeconds: number): Record<string, unknown> {
  const isEncapsulated = sa.childSas.some((child) => child.isUdpEncapsulated);
  return {
    LocalEndpoint: sa.localAddress,
    RemoteEndpoint: sa.remoteAddress,
    InitiatorCookie: wholeNumber(sa.initiatorSpi),
    ResponderCookie: wholeNumber(sa.responderSpi),
    LocalUdpEncapsulationPort: isEncapsulated ? sa.localPort : 0,
    RemoteUdpEncapsulationPort: isEncapsulated ? sa.remotePort : 0,
    Encryption: sa.encryption,
    Integrity: sa.integrity,
    DhGroup: sa.dhGroup,
    LifeTimeSeconds: tunnel?.ike.lifetimeSeconds ?? sa.establishedSeconds + (sa.rekeySeconds ?? 0),
    IsSaInitiator: sa.isInitiator,
    ElapsedTimeInseconds: sa.establishedSeconds + sinceSeconds,
    QuickModeSAs: sa.childSas.filter(isStanding).map((child) => quickModeSa(sa, child, tunnel, sinceSeconds)),
  };
}

function quickModeSa(
  sa: IkeSaObservation,
  child: ChildSaObservation,
  tunnel: TunnelPlan | undefined,
  sinceSeconds: number,
): Record<string, unknown> {
  return {
    LocalEndpoint: sa.localAddress,
    RemoteEndpoint: sa.remoteAddress,
    Encryption: child.encryption,
    Integrity: child.integrity,
    PfsGroupId: child.pfsGroup,
    InboundSPI: wholeNumber(child.inboundSpi),
    OutboundSPI: wholeNumber(child.outboundSpi),
    LocalTrafficSelectors: child.localSelectors.map(range),
    RemoteTrafficSelectors: child.remoteSelectors.map(range),
    LifetimeKilobytes: tunnel?.esp.lifetimeKilobytes ?? 0,
    LifetimeSeconds: tunnel?.esp.lifetimeSeconds ?? child.installedSeconds + (child.lifetimeSeconds ?? child.rekeySeconds ?? 0),
    IsSaInitiator: sa.isInitiator,
    ElapsedTimeInseconds: child.installedSeconds + sinceSeconds,
  };
}

/** Hex digits to the marked decimal of `ikeSasText`. */
function wholeNumber(hex: string): string {
  const digits = hex.replace(/^0x/i, '');
  return /^[0-9a-f]+$/i.test(digits) ? `#${BigInt(`0x${digits}`)}` : '#0';
}

/** `0.0.0.0/0` → `0.0.0.0-255.255.255.255`; anything that is no CIDR stays as it is. */
function range(selector: string): string {
  const cidr = parseCidr(selector);
  if (cidr === undefined) return selector;
  return `${formatAddress(addressAt(cidr, 0n))}-${formatAddress(addressAt(cidr, sizeOf(cidr) - 1n))}`;
}
