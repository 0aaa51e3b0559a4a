/** The plan while it is being made: what each step reads and adds to. Steps never change what an earlier step put here. */
import {
  containsAddress,
  parseAddress,
  parseCidr,
  type Cidr,
  type InstancePlan,
  type NetworkInterfacePlan,
  type PublicNetworkPlan,
  type Resource,
  type ResourceId,
  type RetiringSecret,
  type TunnelPlan,
  type VnetPlan,
  type VnetRoute,
} from '@sallyport/model';
import { assignedBy, type Assigned } from './allocate/assigned.ts';
import type { PlanInput, ReportEntry } from './input.ts';
import { compareText, indexResources, type ResourceIndex } from './resource-index.ts';

/** What does not change between steps. */
export type Context = {
  readonly index: ResourceIndex;
  /** The first host, in the inventory's order, that serves the region. */
  readonly hostOf: (resource: Resource) => string | undefined;
  /** The public network an address belongs to. */
  readonly publicNetworkOf: (address: string) => PublicNetworkPlan | undefined;
  /** The one that VNets reach the Internet through: the inventory's first. */
  readonly outboundNetwork: PublicNetworkPlan | undefined;
  readonly secretVersions: ReadonlyMap<string, number>;
  readonly retiringSecrets: ReadonlyMap<string, RetiringSecret>;
  /** What the previous plan gave out on a host. */
  readonly assigned: (host: string) => Assigned;
};

/** Objects of the draft have keys instead of ids and names; `steps/number-objects.ts` gives them those at the end. */
export type DraftSubnet = {
  readonly key: string;
  readonly id: ResourceId;
  readonly cidr: Cidr;
  /** Id of its route table. */
  readonly routeTable: string | undefined;
  /** No default outbound access. */
  readonly isPrivate: boolean;
  readonly routes?: readonly VnetRoute[];
};

export type DraftVnet = Omit<VnetPlan, 'namespace' | 'subnets' | 'outbound'> & {
  readonly outbound?: Omit<NonNullable<VnetPlan['outbound']>, 'linkId'>;
  readonly key: string;
  readonly host: string;
  readonly name: string;
  readonly subnets: readonly DraftSubnet[];
};

export type DraftNetworkInterface = Omit<NetworkInterfacePlan, 'namespace' | 'linkId'> & {
  readonly key: string;
  readonly host: string;
  readonly name: string;
};

export type DraftTunnel = Omit<TunnelPlan, 'name' | 'ifId'>;

export type DraftInstance = Omit<InstancePlan, 'namespace' | 'public' | 'vnet' | 'tunnels'> & {
  readonly key: string;
  readonly host: string;
  readonly gatewayKey: string;
  readonly gatewayName: string;
  readonly vnetKey: string;
  readonly public: Omit<InstancePlan['public'], 'linkId'>;
  readonly vnet: Omit<InstancePlan['vnet'], 'linkId'>;
  readonly tunnels: readonly DraftTunnel[];
};

/** The instance's own in the VNet, no mask. */
export function vnetAddress({ vnet }: Pick<DraftInstance, 'vnet'>): string {
  return vnet.address.split('/')[0] ?? '';
}

/** A subnet with its VNet, for what is attached to it. */
export type SubnetPlace = { readonly vnet: DraftVnet; readonly subnet: DraftSubnet };

export type Draft = {
  readonly context: Context;
  readonly publicNetworks: readonly PublicNetworkPlan[];
  /** Lists are in key order. */
  readonly vnets: readonly DraftVnet[];
  /** By subnet key. */
  readonly subnets: ReadonlyMap<string, SubnetPlace>;
  readonly networkInterfaces: readonly DraftNetworkInterface[];
  readonly instances: readonly DraftInstance[];
  readonly report: readonly ReportEntry[];
};

export function emptyDraft({ resources, secretVersions, retiringSecrets = new Map(), previous, inventory }: PlanInput): Draft {
  const hostByRegion = new Map<string, string>();
  for (const { name, regions } of inventory.hosts) {
    for (const region of regions) if (!hostByRegion.has(region)) hostByRegion.set(region, name);
  }
  const networks = inventory.publicNetworks.map((network) => ({ network, cidr: parseCidr(network.prefix) }));
  const context: Context = {
    index: indexResources(resources),
    hostOf: ({ location }) => hostByRegion.get(location),
    publicNetworkOf: (text) => {
      const address = parseAddress(text);
      if (address === undefined) return undefined;
      return networks.find(({ cidr }) => cidr !== undefined && containsAddress(cidr, address))?.network;
    },
    secretVersions,
    retiringSecrets,
    outboundNetwork: inventory.publicNetworks[0],
    assigned: assignedBy(previous),
  };
  return {
    context,
    publicNetworks: inventory.publicNetworks.toSorted((a, b) => compareText(a.prefix, b.prefix)),
    vnets: [],
    subnets: new Map(),
    networkInterfaces: [],
    instances: [],
    report: [],
  };
}
