/**
 * A control plane reduced to its rules: PUT, DELETE and GET of resources in memory, without HTTP, operations or hosts.
 * What the parity tests talk to. Also builds the small landscape that most of them begin with.
 */
import {
  formatResourceId,
  parentId,
  resourceKey,
  rulesOf,
  types,
  type ConnectionObservation,
  type Issue,
  type JsonObject,
  type Resource,
  type ResourceLookup,
  type ResourceRules,
  type RuleContext,
  type ViewContext,
} from '@sallyport/model';

export type PutResult =
  | { readonly ok: true; readonly resource: Resource; readonly secrets: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly issues: readonly Issue[] };

export type World = {
  readonly put: (type: string, name: string, body: unknown) => PutResult;
  /** PUT that must succeed. */
  readonly make: (type: string, name: string, body: unknown) => Resource;
  readonly remove: (type: string, name: string) => readonly Issue[];
  readonly get: (type: string, name: string) => Resource;
  readonly view: (type: string, name: string, observations?: readonly ConnectionObservation[]) => JsonObject;
  readonly context: RuleContext;
  readonly lookup: ResourceLookup;
};

export const location = 'westeurope';
export const pool = '198.51.100.0/28';
/** A custom policy with all its members. */
export const customPolicy = {
  saLifeTimeSeconds: 14_400,
  saDataSizeKilobytes: 102_400_000,
  ipsecEncryption: 'AES256',
  ipsecIntegrity: 'SHA256',
  ikeEncryption: 'AES256',
  ikeIntegrity: 'SHA384',
  dhGroup: 'DHGroup24',
  pfsGroup: 'None',
};

export function resourceIdOf(type: string, name: string): string {
  const [namespace = '', kind = ''] = type.split('/');
  return formatResourceId({ subscriptionId: 's1', resourceGroup: 'rg', namespace, types: [kind], names: [name] });
}

export const id = {
  network: (name: string) => resourceIdOf(types.virtualNetwork, name),
  subnet: (network: string, name: string) => `${resourceIdOf(types.virtualNetwork, network)}/subnets/${name}`,
  address: (name: string) => resourceIdOf(types.publicIpAddress, name),
  gateway: (name: string) => resourceIdOf(types.virtualNetworkGateway, name),
  site: (name: string) => resourceIdOf(types.localNetworkGateway, name),
  connection: (name: string) => resourceIdOf(types.connection, name),
  table: (name: string) => resourceIdOf(types.routeTable, name),
  group: (name: string) => resourceIdOf(types.networkSecurityGroup, name),
} as const;

export function newWorld(pools: readonly string[] = [pool]): World {
  const stored = new Map<string, Resource>();
  let guids = 0;
  const all = (): readonly Resource[] => [...stored.values()];
  const lookup: ResourceLookup = {
    get: (wanted) => stored.get(resourceKey(wanted)),
    list: (type) => all().filter((resource) => resource.type === type),
    referencing: (wanted) => {
      const key = resourceKey(wanted);
      const names = (reference: string): boolean => resourceKey(reference) === key || resourceKey(reference).startsWith(`${key}/`);
      return all().filter((resource) => rules(resource.type).references(resource).some(names));
    },
  };
  const context: RuleContext = {
    lookup,
    publicAddressPools: pools,
    newGuid: () => `00000000-0000-0000-0000-${String((guids += 1)).padStart(12, '0')}`,
  };
  const get = (type: string, name: string): Resource => {
    const found = lookup.get(resourceIdOf(type, name));
    if (found === undefined) throw new Error(`${type} ${name} is not stored`);
    return found;
  };
  const put = (type: string, name: string, body: unknown): PutResult => {
    const own = rules(type);
    const existing = lookup.get(resourceIdOf(type, name));
    const parsed = own.parse(body, existing);
    if (!parsed.ok) return parsed;
    const candidate: Resource = {
      id: (existing?.id ?? resourceIdOf(type, name)) as Resource['id'],
      type: own.type,
      name,
      location: parsed.location ?? '',
      tags: parsed.tags,
      top: parsed.top,
      properties: parsed.properties,
      allocated: existing?.allocated ?? {},
      etag: `W/"${stored.size}"`,
      provisioningState: 'Succeeded',
      createdAt: '2026-01-01T00:00:00Z',
      changedAt: '2026-01-01T00:00:00Z',
    };
    const issues = own.validate(candidate, existing, context).filter((issue) => issue.severity === 'error');
    if (issues.length > 0) return { ok: false, issues };
    const allocated = own.allocate(candidate, existing, context);
    if ('severity' in allocated) return { ok: false, issues: [allocated as Issue] };
    // What is stored has been through JSON, so nothing may depend on identity or on undefined members.
    const resource = JSON.parse(JSON.stringify({ ...candidate, allocated })) as Resource;
    stored.set(resourceKey(resource.id), resource);
    return { ok: true, resource, secrets: parsed.secrets };
  };
  return {
    put,
    get,
    context,
    lookup,
    make: (type, name, body) => {
      const result = put(type, name, body);
      if (!result.ok) throw new Error(`PUT ${type}/${name} was refused: ${JSON.stringify(result.issues, undefined, 2)}`);
      return result.resource;
    },
    remove: (type, name) => {
      const existing = get(type, name);
      const issues = rules(type).validateDelete(existing, context);
      if (issues.length === 0) stored.delete(resourceKey(existing.id));
      return issues;
    },
    view: (type, name, observations = []) => {
      const viewing: ViewContext = { ...context, observations: () => observations, inList: false };
      return rules(type).view(get(type, name), viewing);
    },
  };
}

function rules(type: string): ResourceRules {
  const found = rulesOf(type);
  if (found === undefined) throw new Error(`no rules for ${type}`);
  return found;
}

type Properties = Record<string, unknown>;

export const bodies = {
  network: (prefix = '10.1', extra: Properties = {}) => ({
    location,
    properties: {
      addressSpace: { addressPrefixes: [`${prefix}.0.0/16`] },
      subnets: [
        { name: 'GatewaySubnet', properties: { addressPrefix: `${prefix}.255.0/27` } },
        { name: 'apps', properties: { addressPrefix: `${prefix}.1.0/24` } },
      ],
      ...extra,
    },
  }),
  address: (extra: Properties = {}, top: Properties = {}) => ({
    location,
    sku: { name: 'Standard' },
    ...top,
    properties: { publicIPAllocationMethod: 'Static', ...extra },
  }),
  gateway: (network = 'hub', address = 'gw-ip', extra: Properties = {}) => ({
    location,
    properties: {
      gatewayType: 'Vpn',
      vpnType: 'RouteBased',
      sku: { name: 'VpnGw2', tier: 'VpnGw2' },
      ipConfigurations: [ipConfiguration('default', network, address)],
      ...extra,
    },
  }),
  site: (address = '203.0.113.10', prefixes: readonly string[] = ['192.168.0.0/16'], extra: Properties = {}) => ({
    location,
    properties: { gatewayIpAddress: address, localNetworkAddressSpace: { addressPrefixes: prefixes }, ...extra },
  }),
  connection: (site = 'hq', extra: Properties = {}) => ({
    location,
    properties: {
      connectionType: 'IPsec',
      virtualNetworkGateway1: { id: id.gateway('gw') },
      localNetworkGateway2: { id: id.site(site) },
      sharedKey: 'Abc123',
      ...extra,
    },
  }),
  toNetwork: (gateway: string, extra: Properties = {}) => ({
    location,
    properties: {
      connectionType: 'Vnet2Vnet',
      virtualNetworkGateway1: { id: id.gateway('gw') },
      virtualNetworkGateway2: { id: id.gateway(gateway) },
      sharedKey: 'Abc123',
      ...extra,
    },
  }),
  nic: (extra: Properties = {}, subnet = id.subnet('hub', 'apps')) => ({
    location,
    properties: { ipConfigurations: [{ name: 'ipconfig1', properties: { subnet: { id: subnet }, ...extra } }] },
  }),
} as const;

export function ipConfiguration(name: string, network: string, address: string): JsonObject {
  return { name, properties: { subnet: { id: id.subnet(network, 'GatewaySubnet') }, publicIPAddress: { id: id.address(address) } } };
}

/** Network `hub`, address `gw-ip`, gateway `gw`, site `hq` and connection `hq` with it. */
export function siteToSite(gateway: Properties = {}): World {
  const world = newWorld();
  world.make(types.virtualNetwork, 'hub', bodies.network());
  world.make(types.publicIpAddress, 'gw-ip', bodies.address());
  world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', gateway));
  world.make(types.localNetworkGateway, 'hq', bodies.site());
  world.make(types.connection, 'hq', bodies.connection());
  return world;
}

/** A second network with gateway: `spoke`, `gw2-ip`, `gw2`. */
export function addSecondGateway(world: World, prefix = '10.2', extra: Properties = {}): void {
  world.make(types.virtualNetwork, 'spoke', bodies.network(prefix));
  world.make(types.publicIpAddress, 'gw2-ip', bodies.address());
  world.make(types.virtualNetworkGateway, 'gw2', bodies.gateway('spoke', 'gw2-ip', extra));
}

/** `VGW-CONN-012 ConnectionOverlappingAddressSpaces` for each refusal; `accepted` when there is none. */
export function refusals(result: PutResult | readonly Issue[]): readonly string[] {
  const issues = 'ok' in result ? (result.ok ? [] : result.issues) : result;
  return issues.length === 0 ? ['accepted'] : issues.map((issue) => `${issue.rule ?? 'no rule'} ${issue.code}`);
}

export { parentId, types };
