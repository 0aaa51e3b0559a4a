/** @azure/arm-network, unmodified, pollers and all: the site-to-site topology from nothing, worked with, and taken down. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { buildSiteToSite, connection, gateway, location, networkId, publicIp, sharedKey, site, virtualNetwork } from './site-to-site.ts';
import { collect, startSystem, type System } from './system.ts';

const group = 'hub';
let system: System;
beforeAll(async () => {
  system = await startSystem();
  await buildSiteToSite(system, group);
});
afterAll(() => system[Symbol.asyncDispose]());

describe('what was built', () => {
  test('the gateway reads as Azure shows a provisioned one', async () => {
    const found = await system.network.virtualNetworkGateways.get(group, 'gw');
    expect(found).toMatchObject({
      id: networkId(system, group, 'virtualNetworkGateways/gw'),
      name: 'gw',
      type: 'Microsoft.Network/virtualNetworkGateways',
      location,
      provisioningState: 'Succeeded',
      gatewayType: 'Vpn',
      vpnType: 'RouteBased',
      sku: { name: 'VpnGw2AZ', tier: 'VpnGw2AZ' },
      active: false,
      natRules: [],
      bgpSettings: { asn: 65515, peerWeight: 0 },
      ipConfigurations: [
        {
          name: 'default',
          id: networkId(system, group, 'virtualNetworkGateways/gw/ipConfigurations/default'),
          privateIPAllocationMethod: 'Dynamic',
          provisioningState: 'Succeeded',
        },
      ],
    });
    expect(found.etag).toMatch(/^W\/"[0-9a-f-]{36}"$/);
    expect(found.resourceGuid).toMatch(/^[0-9a-f-]{36}$/);
    expect(found.bgpSettings?.bgpPeeringAddresses?.[0]?.tunnelIpAddresses).toHaveLength(1);
  });

  test('the public address is known, and says who uses it', async () => {
    const found = await system.network.publicIPAddresses.get(group, 'gw-ip');
    expect(found.ipAddress).toMatch(/^(198\.51\.100|203\.0\.113)\.\d+$/);
    expect(found.ipConfiguration?.id).toBe(networkId(system, group, 'virtualNetworkGateways/gw/ipConfigurations/default'));
  });

  test('the connection becomes Connected and shows no key', async () => {
    const connected = await until(
      () => system.network.virtualNetworkGatewayConnections.get(group, 'hq-to-branch'),
      ({ connectionStatus }) => connectionStatus === 'Connected',
      { because: 'the simulated host reports the tunnel', clock: systemClock },
    );
    expect(connected).toMatchObject({
      connectionType: 'IPsec',
      connectionProtocol: 'IKEv2',
      connectionMode: 'Default',
      routingWeight: 10,
      ipsecPolicies: [],
      trafficSelectorPolicies: [],
      virtualNetworkGateway1: { id: networkId(system, group, 'virtualNetworkGateways/gw') },
      localNetworkGateway2: { id: networkId(system, group, 'localNetworkGateways/branch') },
    });
    expect(JSON.stringify(connected)).not.toContain(sharedKey);
  });

  test('the subnet shows the gateway in it', async () => {
    const subnet = await system.network.subnets.get(group, 'hq', 'GatewaySubnet');
    expect(subnet.ipConfigurations?.map(({ id }) => id)).toEqual([
      networkId(system, group, 'virtualNetworkGateways/gw/ipConfigurations/default'),
    ]);
  });

  test('lists hold it: by group, by subscription, the connections of the gateway', async () => {
    const { network } = system;
    expect((await collect(network.virtualNetworkGateways.list(group))).map(({ name }) => name)).toEqual(['gw']);
    expect((await collect(network.localNetworkGateways.list(group))).map(({ name }) => name)).toEqual(['branch']);
    expect((await collect(network.virtualNetworks.listAll())).map(({ name }) => name)).toEqual(['hq']);
    expect((await collect(network.publicIPAddresses.listAll())).map(({ name }) => name)).toEqual(['gw-ip']);
    const [listed] = await collect(network.virtualNetworkGatewayConnections.list(group));
    expect(listed).toMatchObject({ name: 'hq-to-branch', connectionType: 'IPsec' });
    expect(listed?.connectionStatus).toBeUndefined();
    expect((await collect(network.virtualNetworkGateways.listConnections(group, 'gw'))).map(({ name }) => name)).toEqual(['hq-to-branch']);
  });
});

describe('work on what is there', () => {
  test('shared key: read, set, reset', async () => {
    const keys = system.network.virtualNetworkGatewayConnections;
    expect(await keys.getSharedKey(group, 'hq-to-branch')).toMatchObject({ value: sharedKey });
    await keys.setSharedKey(group, 'hq-to-branch', { value: 'Another.Key.2' });
    expect(await keys.getSharedKey(group, 'hq-to-branch')).toMatchObject({ value: 'Another.Key.2' });
    const reset = await keys.resetSharedKey(group, 'hq-to-branch', { keyLength: 64 });
    const { value } = await keys.getSharedKey(group, 'hq-to-branch');
    expect(value).toHaveLength(64);
    expect(value).not.toBe('Another.Key.2');
    expect(reset).toMatchObject({ keyLength: 64 });
  });

  test('getIkeSas answers a string of JSON', async () => {
    const { body } = await system.network.virtualNetworkGatewayConnections.getIkeSas(group, 'hq-to-branch');
    const text: unknown = body;
    expect(typeof text).toBe('string');
    expect(JSON.parse(String(text))).toHaveProperty('IkeSAs');
  });

  test('tags change alone', async () => {
    const { network } = system;
    const before = await network.virtualNetworkGateways.get(group, 'gw');
    const tagged = await network.virtualNetworkGateways.updateTags(group, 'gw', { tags: { env: 'prod' } });
    expect(tagged).toMatchObject({
      tags: { env: 'prod' },
      sku: before.sku,
      resourceGuid: before.resourceGuid,
      provisioningState: 'Succeeded',
    });
    expect(tagged.etag).not.toBe(before.etag);
    expect(await network.virtualNetworkGatewayConnections.updateTags(group, 'hq-to-branch', { tags: { a: 'b' } })).toMatchObject({
      tags: { a: 'b' },
      routingWeight: 10,
    });
    expect(await network.publicIPAddresses.updateTags(group, 'gw-ip', { tags: { a: 'b' } })).toMatchObject({ tags: { a: 'b' } });
    expect(await network.localNetworkGateways.updateTags(group, 'branch', { tags: { a: 'b' } })).toMatchObject({
      tags: { a: 'b' },
      gatewayIpAddress: site.gatewayIpAddress,
    });
  });

  test('a GET can be PUT back, read-only members and all, and changes nothing', async () => {
    const { network } = system;
    const before = await network.virtualNetworkGateways.get(group, 'gw');
    const after = await network.virtualNetworkGateways.createOrUpdate(group, 'gw', before);
    expect({ ...after, etag: '', ipConfigurations: [], bgpSettings: after.bgpSettings }).toEqual({
      ...before,
      etag: '',
      ipConfigurations: [],
      bgpSettings: before.bgpSettings,
    });
  });

  test('a connection PUT with both gateways expanded uses their ids alone', async () => {
    const { network } = system;
    const [gw, branch] = await Promise.all([
      network.virtualNetworkGateways.get(group, 'gw'),
      network.localNetworkGateways.get(group, 'branch'),
    ]);
    const updated = await network.virtualNetworkGatewayConnections.createOrUpdate(group, 'hq-to-branch', {
      ...connection(system, group),
      routingWeight: 20,
      virtualNetworkGateway1: { ...gw, tags: { written: 'through' } },
      localNetworkGateway2: { ...branch, gatewayIpAddress: '203.0.113.99' },
    });
    expect(updated).toMatchObject({ routingWeight: 20, virtualNetworkGateway1: { id: gw.id } });
    expect(await network.localNetworkGateways.get(group, 'branch')).toMatchObject({ gatewayIpAddress: site.gatewayIpAddress });
  });

  test('a custom policy is kept letter for letter', async () => {
    const policy = {
      saLifeTimeSeconds: 3600,
      saDataSizeKilobytes: 102_400_000,
      ipsecEncryption: 'GCMAES256',
      ipsecIntegrity: 'GCMAES256',
      ikeEncryption: 'AES256',
      ikeIntegrity: 'SHA384',
      dhGroup: 'DHGroup24',
      pfsGroup: 'PFS24',
    };
    const { network } = system;
    await network.virtualNetworkGatewayConnections.createOrUpdate(group, 'hq-to-branch', {
      ...connection(system, group),
      ipsecPolicies: [policy],
    });
    expect((await network.virtualNetworkGatewayConnections.get(group, 'hq-to-branch')).ipsecPolicies).toEqual([policy]);
    await network.virtualNetworkGatewayConnections.createOrUpdate(group, 'hq-to-branch', connection(system, group));
    expect((await network.virtualNetworkGatewayConnections.get(group, 'hq-to-branch')).ipsecPolicies).toEqual([]);
  });

  test('gateway reset answers the gateway', async () => {
    expect(await system.network.virtualNetworkGateways.reset(group, 'gw')).toMatchObject({ name: 'gw' });
  });

  test('NAT rules live inside the gateway', async () => {
    const { virtualNetworkGatewayNatRules: rules, virtualNetworkGateways } = system.network;
    const made = await rules.createOrUpdate(group, 'gw', 'branch-nat', {
      internalMappings: [{ addressSpace: '10.1.0.0/24' }],
      externalMappings: [{ addressSpace: '172.20.0.0/24' }],
    });
    expect(made).toMatchObject({ name: 'branch-nat', typePropertiesType: 'Static', mode: 'EgressSnat', provisioningState: 'Succeeded' });
    expect((await collect(rules.listByVirtualNetworkGateway(group, 'gw'))).map(({ name }) => name)).toEqual(['branch-nat']);
    expect((await virtualNetworkGateways.get(group, 'gw')).natRules?.map(({ name }) => name)).toEqual(['branch-nat']);
    await rules.delete(group, 'gw', 'branch-nat');
    await expect(rules.get(group, 'gw', 'branch-nat')).rejects.toMatchObject({ statusCode: 404 });
  });
});

describe('other resources', () => {
  test('subnets and route tables', async () => {
    const { network } = system;
    const table = await network.routeTables.createOrUpdate(group, 'routes', {
      location,
      routes: [{ name: 'out', addressPrefix: '0.0.0.0/0', nextHopType: 'Internet' }],
    });
    await network.routes.createOrUpdate(group, 'routes', 'black', { addressPrefix: '192.0.2.0/24', nextHopType: 'None' });
    expect((await collect(network.routes.list(group, 'routes'))).map(({ name }) => name)).toEqual(['out', 'black']);
    const subnet = await network.subnets.createOrUpdate(group, 'hq', 'db', {
      addressPrefix: '10.1.2.0/24',
      routeTable: { id: table.id ?? '' },
    });
    expect(subnet).toMatchObject({ name: 'db', addressPrefix: '10.1.2.0/24', provisioningState: 'Succeeded' });
    expect((await network.routeTables.get(group, 'routes')).subnets?.map(({ id }) => id)).toEqual([subnet.id]);
    await expect(network.routeTables.delete(group, 'routes')).rejects.toMatchObject({ code: 'InUseRouteTableCannotBeDeleted' });
    await network.subnets.delete(group, 'hq', 'db');
    await network.routeTables.delete(group, 'routes');
    expect((await collect(network.subnets.list(group, 'hq'))).map(({ name }) => name)).toEqual(['GatewaySubnet', 'apps']);
  });

  test('a network interface gets an address of its subnet', async () => {
    const { network } = system;
    const made = await network.networkInterfaces.createOrUpdate(group, 'vm-nic', {
      location,
      ipConfigurations: [{ name: 'ip', subnet: { id: networkId(system, group, 'virtualNetworks/hq/subnets/apps') } }],
    });
    expect(made.ipConfigurations?.[0]).toMatchObject({ privateIPAddress: '10.1.0.4', privateIPAllocationMethod: 'Dynamic', primary: true });
    await network.networkInterfaces.delete(group, 'vm-nic');
  });

  test('peerings tell of both sides', async () => {
    const { network } = system;
    await network.virtualNetworks.createOrUpdate(group, 'spoke', { location, addressSpace: { addressPrefixes: ['10.2.0.0/16'] } });
    const to = (name: string): { readonly id: string } => ({ id: networkId(system, group, `virtualNetworks/${name}`) });
    const first = await network.virtualNetworkPeerings.createOrUpdate(group, 'hq', 'to-spoke', {
      remoteVirtualNetwork: to('spoke'),
      allowVirtualNetworkAccess: true,
    });
    expect(first).toMatchObject({ peeringState: 'Initiated' });
    await network.virtualNetworkPeerings.createOrUpdate(group, 'spoke', 'to-hq', {
      remoteVirtualNetwork: to('hq'),
      allowVirtualNetworkAccess: true,
    });
    expect(await network.virtualNetworkPeerings.get(group, 'hq', 'to-spoke')).toMatchObject({ peeringState: 'Connected' });
    await network.virtualNetworkPeerings.delete(group, 'spoke', 'to-hq');
    expect(await network.virtualNetworkPeerings.get(group, 'hq', 'to-spoke')).toMatchObject({ peeringState: 'Disconnected' });
    await network.virtualNetworkPeerings.delete(group, 'hq', 'to-spoke');
    await network.virtualNetworks.delete(group, 'spoke');
  });

  test('usages count what is there', async () => {
    const usages = await collect(system.network.usages.list(location));
    expect(usages.find(({ name }) => name.value === 'VirtualNetworks')).toMatchObject({ currentValue: 1, unit: 'Count' });
  });
});

describe('what is in use stays', () => {
  test.each([
    [
      'the gateway with a connection',
      () => system.network.virtualNetworkGateways.delete(group, 'gw'),
      'VirtualNetworkGatewayCannotBeDeleted',
    ],
    ['the public IP', () => system.network.publicIPAddresses.delete(group, 'gw-ip'), 'PublicIPAddressCannotBeDeleted'],
    ['the VNet', () => system.network.virtualNetworks.delete(group, 'hq'), 'InUseSubnetCannotBeDeleted'],
    ['the subnet', () => system.network.subnets.delete(group, 'hq', 'GatewaySubnet'), 'InUseSubnetCannotBeDeleted'],
    ['the site', () => system.network.localNetworkGateways.delete(group, 'branch'), 'LocalNetworkGatewayCannotBeDeleted'],
  ])('%s', async (_, remove, code) => {
    await expect((async () => remove())()).rejects.toMatchObject({ statusCode: 400, code });
  });
});

test('everything can be deleted in reverse order, and is gone', async () => {
  const { network } = system;
  await network.virtualNetworkGatewayConnections.delete(group, 'hq-to-branch');
  await network.virtualNetworkGateways.delete(group, 'gw');
  await network.localNetworkGateways.delete(group, 'branch');
  await network.publicIPAddresses.delete(group, 'gw-ip');
  await network.virtualNetworks.delete(group, 'hq');
  await expect(network.virtualNetworkGateways.get(group, 'gw')).rejects.toMatchObject({ statusCode: 404, code: 'ResourceNotFound' });
  expect(await collect(system.resources.resources.listByResourceGroup(group))).toEqual([]);
  // Built again from nothing: names, addresses and subnets are free.
  await network.virtualNetworks.createOrUpdate(group, 'hq', virtualNetwork);
  await network.publicIPAddresses.createOrUpdate(group, 'gw-ip', publicIp);
  expect(await network.virtualNetworkGateways.createOrUpdate(group, 'gw', gateway(system, group))).toMatchObject({
    provisioningState: 'Succeeded',
  });
});
