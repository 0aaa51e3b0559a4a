/**
 * Our schemas against Microsoft's specification: every configurable member is accepted and comes back as it was, every
 * enum value is accepted in any case, nothing read-only is stored. Exceptions are listed, each with its reason.
 */
import { describe, expect, it } from 'vitest';
import { rulesOf, types, type JsonObject, type JsonValue, type Resource, type ViewContext } from '@sallyport/model';
import { facts, fullBody, placesOf, printPath, valueAt, withValue, type Place } from './bodies.ts';

const typeOf: Readonly<Record<string, string>> = {
  VirtualNetwork: types.virtualNetwork,
  PublicIPAddress: types.publicIpAddress,
  NetworkInterface: types.networkInterface,
  LocalNetworkGateway: types.localNetworkGateway,
  VirtualNetworkGateway: types.virtualNetworkGateway,
  VirtualNetworkGatewayConnection: types.connection,
  RouteTable: types.routeTable,
};

/** Members that are writable on paper and not kept from a PUT, by `Owner.member`. */
const notKept: Readonly<Record<string, string>> = {
  'PublicIPAddressPropertiesFormat.ipAddress': 'the service decides it',
  'PublicIPAddressDnsSettings.fqdn': 'made of label and region',
  'VirtualNetworkPeeringPropertiesFormat.localAddressSpace': 'the network has it',
  'VirtualNetworkPeeringPropertiesFormat.localVirtualNetworkAddressSpace': 'the network has it',
  'VirtualNetworkPeeringPropertiesFormat.remoteAddressSpace': 'the other network has it',
  'VirtualNetworkPeeringPropertiesFormat.remoteVirtualNetworkAddressSpace': 'the other network has it',
  'VirtualNetworkPeeringPropertiesFormat.remoteBgpCommunities': 'the other network has it',
  'VirtualNetworkPeeringPropertiesFormat.peeringState': 'computed of both sides',
  'VirtualNetworkPeeringPropertiesFormat.peeringSyncLevel': 'computed of both sides',
  'VirtualNetworkGatewayConnectionPropertiesFormat.sharedKey': 'a secret, read through /sharedkey',
  'VirtualNetworkGatewayConnectionPropertiesFormat.authorizationKey': 'a secret',
  'VpnClientConfiguration.radiusServerSecret': 'a secret',
  'RadiusServer.radiusServerSecret': 'a secret',
  'RoutePropertiesFormat.hasBgpOverride': 'the service decides it; read-only in later versions',
};
/** Members that only mean something for another kind of the same resource. */
const elsewhere = new Set([
  'properties.bgpSettings.bgpPeeringAddress of VirtualNetworkGateway',
  'properties.bgpSettings.bgpPeeringAddresses of LocalNetworkGateway',
  // With a key, no other type than IPsec and Vnet2Vnet would do.
  'properties.sharedKey of VirtualNetworkGatewayConnection',
]);

const isIdentity = ({ path, member }: Place): boolean =>
  member.type === 'string' && ['id', 'type', 'name'].includes(String(path.at(-1))) && isChildOrRoot(path);
/** `type` of a NAT rule is inside its properties and configurable; `id`, `name`, `type` beside `properties` are identity. */
const isChildOrRoot = (path: readonly (string | number)[]): boolean =>
  path.length === 1 || (typeof path.at(-2) === 'number' && path.at(-1) !== 'name');

/** Values a sample must have to be meaningful. */
function override(place: Place): JsonValue | undefined {
  const path = printPath(place.path);
  if (path === 'location') return 'westeurope';
  if (path === 'tags') return { env: 'lab' };
  if (path.endsWith('ipconfigurationId')) return `${gatewayId}/ipConfigurations/text`;
  if (path.endsWith('privateIPAllocationMethod')) return 'Static';
  if (path.endsWith('vpnGatewayGeneration')) return 'Generation1';
  if (path.endsWith('publicCertData')) return 'MIIBszCCAVmg';
  return undefined;
}
const gatewayId = '/subscriptions/s1/resourceGroups/rg/providers/Microsoft.Network/virtualNetworkGateways/x';

const isLeftOut = (root: string) => (place: Place) => elsewhere.has(`${printPath(place.path)} of ${root}`);

function store(type: string, body: JsonObject): Resource {
  const parsed = rulesOf(type)?.parse(body, undefined);
  if (parsed?.ok !== true) throw new Error(`${type} refused: ${JSON.stringify(parsed, undefined, 2)}`);
  return {
    id: `/subscriptions/s1/resourceGroups/rg/providers/${type}/x` as Resource['id'],
    type,
    name: 'x',
    location: parsed.location ?? '',
    tags: parsed.tags,
    top: parsed.top,
    properties: parsed.properties,
    allocated: {
      resourceGuid: 'g',
      privateIPAddresses: {},
      publicIPAddresses: {},
      peeringGuids: {},
      endedPeeringGuids: [],
      instances: [],
      bgpPeeringAddress: '',
      connectionProtocol: 'IKEv2',
    },
    etag: 'W/"1"',
    provisioningState: 'Succeeded',
    createdAt: '',
    changedAt: '',
  };
}

function shown(resource: Resource): JsonObject {
  const lookup = { get: () => undefined, list: () => [], referencing: () => [] };
  const context: ViewContext = { lookup, publicAddressPools: [], newGuid: () => 'g', observations: () => [], inList: false };
  return rulesOf(resource.type)?.view(resource, context) ?? {};
}

describe.each(facts.roots)(`%s of ${facts.apiVersion}`, (root) => {
  const type = typeOf[root] ?? '';
  const body = fullBody(root, override, isLeftOut(root));
  const configurable = placesOf(root).filter(
    (place) =>
      place.member.readOnly !== true &&
      valueAt(body, place.path) !== undefined &&
      notKept[`${place.owner}.${String(place.path.at(-1))}`] === undefined &&
      !isUnderNotKept(place),
  );
  const leaves = configurable.filter((place) => !isIdentity(place) && isLeaf(place));

  it('gives back every configurable member as it was', () => {
    const view = shown(store(type, body));
    const lost = leaves.filter((place) => !isSame(place, valueAt(view, place.path), valueAt(body, place.path)));
    expect(lost.map((place) => `${printPath(place.path)} ${JSON.stringify(valueAt(view, place.path))}`)).toEqual([]);
  });

  it('takes what it gives back without a change', () => {
    const first = store(type, body);
    const second = store(type, shown(first));
    expect(second.properties).toEqual(first.properties);
    expect(second.top).toEqual(first.top);
  });

  it('accepts every value of every enum, in any case', () => {
    const enums = configurable.flatMap((place) => enumOf(place).map((value) => ({ place, value })));
    const refused = enums.filter(({ place, value }) => {
      const written = place.member.type === 'array' ? [value.toUpperCase()] : value.toUpperCase();
      const parsed = rulesOf(type)?.parse(withValue(body, place.path, written), undefined);
      const kept = parsed?.ok === true ? valueAt({ ...parsed.top, properties: parsed.properties }, place.path) : 'refused';
      // "None" is what a gateway that is no VPN gateway has; for a VPN gateway it means the default.
      const isDefault = value === 'None' && place.path.at(-1) === 'vpnGatewayGeneration';
      return JSON.stringify(kept) !== JSON.stringify(place.member.type === 'array' ? [value] : value) && !isDefault;
    });
    expect(refused.map(({ place, value }) => `${printPath(place.path)}=${value}`)).toEqual([]);
  });

  it('stores nothing read-only', () => {
    const readOnly = placesOf(root).filter(
      (place) => place.member.readOnly === true && valueAt(body, place.path.slice(0, -1)) !== undefined,
    );
    const dirty = readOnly.reduce((inner, place) => withValue(inner, place.path, 'read-only'), body);
    const { top, properties } = store(type, dirty);
    expect(
      readOnly.filter((place) => valueAt({ ...top, properties }, place.path) !== undefined).map((place) => printPath(place.path)),
    ).toEqual([]);
  });

  it('refuses a body without what is required', () => {
    const required = configurable.filter(
      (place) => place.member.required === true && place.path[0] === 'properties' && place.path.length > 1,
    );
    const accepted = required.filter((place) => rulesOf(type)?.parse(withValue(body, place.path, null), undefined).ok !== false);
    expect(accepted.map((place) => printPath(place.path))).toEqual([]);
  });
});

/** Of a reference only the id counts: some clients need an empty `properties` beside it. */
function isSame({ member }: Place, shown: unknown, given: unknown): boolean {
  const [a, b] = member.type === 'reference' ? [valueAt(shown, ['id']), valueAt(given, ['id'])] : [shown, given];
  return JSON.stringify(a) === JSON.stringify(b);
}

function isLeaf({ member }: Place): boolean {
  return member.definition === undefined && member.items?.definition === undefined;
}

function isUnderNotKept(place: Place): boolean {
  return Object.keys(notKept).some((key) => {
    const [owner, member] = key.split('.');
    return owner !== place.owner && member !== undefined && place.path.slice(0, -1).includes(member);
  });
}

function enumOf({ member }: Place): readonly string[] {
  return member.enum ?? member.items?.enum ?? [];
}
