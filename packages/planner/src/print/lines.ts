/**
 * The text form of a plan, as lines grouped into blocks: a block is one object a reader would name, its id first. `print.ts`
 * joins them, `diff.ts` compares them block by block. Resources appear by name; ids follow where names are ambiguous.
 */
import {
  parseResourceId,
  resourceName,
  type EspPlan,
  type EspProposal,
  type HostPlan,
  type IkePlan,
  type IkeProposal,
  type InstancePlan,
  type NetworkInterfacePlan,
  type Plan,
  type TunnelPlan,
  type VnetPlan,
  type VnetRoute,
} from '@sallyport/model';

import { isEqual } from '../is-equal.ts';
import {
  defaultEspAccepts,
  defaultEspOffers,
  defaultIkeProposals,
  policyBasedEspProposals,
  policyBasedIkeProposals,
} from '../policy/default-proposals.ts';

/** `key` finds the same object in another plan; `lines` are indented below `title`. */
export type Block = { readonly key: string; readonly title: string; readonly lines: readonly string[] };

export function blocksOf(plan: Plan): readonly Block[] {
  return plan.hosts.flatMap(hostBlocks);
}

function hostBlocks(host: HostPlan): readonly Block[] {
  const on = `host ${host.host}`;
  return [
    {
      key: on,
      title: on,
      lines: host.publicNetworks.map(({ prefix, router }) => `public network ${prefix} router ${router}`),
    },
    ...host.vnets.map((vnet) => vnetBlock(on, vnet)),
    ...host.networkInterfaces.map((networkInterface) => networkInterfaceBlock(on, networkInterface)),
    ...host.instances.flatMap((instance) => [
      instanceBlock(on, instance),
      ...instance.tunnels.map((tunnel) => tunnelBlock(on, instance, tunnel)),
    ]),
  ];
}

function vnetBlock(on: string, { vnet, namespace, addressPrefixes, subnets, routes, outbound }: VnetPlan): Block {
  return {
    key: `${on} ${vnet.toLowerCase()}`,
    title: `virtual network ${nameOf(vnet)}`,
    lines: [
      `namespace ${namespace}`,
      `address space ${addressPrefixes.join(', ')}`,
      ...(outbound === undefined ? [] : [`Internet from ${outbound.address} router ${outbound.router} link l${outbound.linkId}`]),
      ...subnets.map(({ subnet, bridgeId, router }) => `subnet ${resourceName(subnet)} bridge b${bridgeId} router ${router}`),
      ...routes.map((route) => `route ${routeText(route)}`),
      ...subnets.flatMap((subnet) => (subnet.routes ?? []).map((route) => `from ${resourceName(subnet.subnet)} route ${routeText(route)}`)),
    ],
  };
}

function routeText({ prefix, source, nextHopType, nextHops, subnet }: VnetRoute): string {
  const isLocal = nextHopType === 'VnetLocal';
  if (isLocal) return `${prefix} ${subnet === undefined ? 'dropped beside its subnets' : `on ${resourceName(subnet)}`} (${source})`;
  const where = nextHopType === 'Internet' ? 'to the Internet' : nextHops.length === 0 ? 'dropped' : `via ${nextHops.join(', ')}`;
  return `${prefix} ${where} (${source})`;
}

function networkInterfaceBlock(on: string, plan: NetworkInterfacePlan): Block {
  return {
    key: `${on} ${plan.networkInterface.toLowerCase()}`,
    title: `network interface ${nameOf(plan.networkInterface)}`,
    lines: [
      `namespace ${plan.namespace}`,
      `subnet ${resourceName(plan.vnet)}/${resourceName(plan.subnet)} address ${plan.address} router ${plan.router} link l${plan.linkId}`,
      ...(plan.forwards ? ['forwards, as an appliance'] : []),
    ],
  };
}

function instanceBlock(on: string, { id, gateway, role, namespace, bandwidth, public: outside, vnet }: InstancePlan): Block {
  return {
    key: `${on} ${id.toLowerCase()}`,
    title: `gateway ${nameOf(gateway)} ${role}`,
    lines: [
      `namespace ${namespace}`,
      `public address ${outside.address} router ${outside.router} link l${outside.linkId}`,
      `vnet ${resourceName(vnet.vnet)}/${resourceName(vnet.subnet)} address ${vnet.address} router ${vnet.router} link l${vnet.linkId}`,
      `vnet prefixes ${vnet.prefixes.join(', ')}`,
      ...(bandwidth === undefined ? [] : [`bandwidth ${bandwidth.bitsPerSecond / 1_000_000} Mbit/s each way`]),
    ],
  };
}

function tunnelBlock(on: string, { id, gateway, role }: InstancePlan, tunnel: TunnelPlan): Block {
  const { connection, name, ifId, mtu, mssClamp, remotePrefixes, allowsTransit, ike, esp, resetEpoch } = tunnel;
  return {
    key: `${on} ${id.toLowerCase()} ${connection.toLowerCase()}`,
    title: `connection ${nameOf(connection)} on gateway ${resourceName(gateway)} ${role}`,
    lines: [
      `tunnel ${name} interface t${ifId} mtu ${mtu} mss ${mssClamp}`,
      `prefixes ${remotePrefixes.join(', ')}`,
      ...(allowsTransit ? [] : ['no transit: to and from the virtual network only']),
      ...ikeLines(ike),
      ...espLines(esp),
      `reset epoch ${resetEpoch}`,
    ],
  };
}

function ikeLines(ike: IkePlan): readonly string[] {
  const roles = [ike.initiates ? 'initiates' : 'never initiates', ike.responds ? 'responds' : 'never responds'];
  return [
    `IKEv${ike.version} ${ike.localAddress} (id ${ike.localId}) to ${ike.remoteAddress} (id ${ike.remoteId}), ${roles.join(', ')}`,
    ...(ike.sharedKey === undefined ? [] : [`shared key version ${ike.sharedKey.version}`]),
    ...(ike.certificate === undefined
      ? []
      : [`certificate version ${ike.certificate.own.version}, ${ike.certificate.authorities.length} authorities of the peer`]),
    ...(ike.previousSharedKey === undefined
      ? []
      : [`or version ${ike.previousSharedKey.version} until ${ike.previousSharedKey.acceptedUntil}`]),
    ...(proposalsByName(ike, {
      "IKE proposals: Azure's defaults": [defaultIkeProposals, defaultIkeProposals],
      "IKE proposals: Azure's policy-based defaults": [policyBasedIkeProposals, policyBasedIkeProposals],
    }) ?? proposalLines('IKE', ike.offers.map(ikeText), ike.accepts.map(ikeText))),
    `IKE lifetime ${ike.lifetimeSeconds} s, ${ike.dpdTimeoutSeconds === 0 ? 'no search for dead peers' : `dead peer after ${ike.dpdTimeoutSeconds} s`}`,
  ];
}

function espLines(esp: EspPlan): readonly string[] {
  const window = esp.replayWindow === 0 ? 'no replay protection' : `replay window ${esp.replayWindow} packets`;
  return [
    ...(proposalsByName(esp, {
      "ESP proposals: Azure's defaults": [defaultEspOffers, defaultEspAccepts],
      "ESP proposals: Azure's policy-based defaults": [policyBasedEspProposals, policyBasedEspProposals],
    }) ?? proposalLines('ESP', esp.offers.map(espText), esp.accepts.map(espText))),
    `ESP lifetime ${esp.lifetimeSeconds} s or ${esp.lifetimeKilobytes} KB, ${window}`,
    ...esp.selectors.map(({ local, remote }) => `ESP selectors ${local.join(', ')} to ${remote.join(', ')}`),
    ...(esp.acceptsOtherSelectors ? [] : ['accepts no other selectors']),
    ...(esp.idleTimeoutSeconds === 0 ? [] : [`comes up on traffic, goes after ${esp.idleTimeoutSeconds} s without any`]),
  ];
}

type Lists = Pick<EspPlan, 'offers' | 'accepts'> | Pick<IkePlan, 'offers' | 'accepts'>;

/** One line in place of a list everybody knows. */
function proposalsByName(
  { offers, accepts }: Lists,
  known: Readonly<Record<string, readonly [offers: Lists['offers'], accepts: Lists['accepts']]>>,
): readonly string[] | undefined {
  const found = Object.entries(known).find(([, lists]) => isEqual(lists, [offers, accepts]));
  return found === undefined ? undefined : [found[0]];
}

/** One line when both lists are the same, as with every custom policy. */
function proposalLines(protocol: string, offers: readonly string[], accepts: readonly string[]): readonly string[] {
  const [offered, accepted] = [offers.join(', '), accepts.join(', ')];
  if (offered === accepted) return [`${protocol} offers and accepts only ${offered}`];
  return [`${protocol} offers ${offered}`, `${protocol} accepts ${accepted}`];
}

function ikeText({ encryption, integrity, dhGroup }: IkeProposal): string {
  return `${encryption}/${integrity}/${dhGroup}`;
}

function espText({ encryption, integrity, pfsGroup }: EspProposal): string {
  return `${encryption}/${integrity}/${pfsGroup}`;
}

/** `hq (contoso)`: the resource group tells apart what has the same name. */
function nameOf(id: string): string {
  const group = parseResourceId(id)?.resourceGroup;
  return group === undefined ? resourceName(id) : `${resourceName(id)} (${group})`;
}
