/**
 * The real Azure CLI, as its users type it, command by command: networks, gateways, a site-to-site connection and all its settings,
 * deletion. One control plane and one loaded az for all, in the order of a working day.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Az } from '../tools/az.ts';
import { startAzSystem, type AzSystem } from './az-system.ts';

const group = 'hub';
let azSystem: AzSystem;
let az: Az;

beforeAll(async () => {
  azSystem = await startAzSystem();
  ({ loadedAz: az } = azSystem);
  await az.json('group', 'create', '-n', group, '-l', 'westeurope');
});
afterAll(() => azSystem[Symbol.asyncDispose]());

test('network vnet create, and a subnet beside', async () => {
  const { newVNet } = await az.json(
    'network',
    'vnet',
    'create',
    '-g',
    group,
    '-n',
    'hq',
    '--address-prefixes',
    '10.1.0.0/16',
    '--subnet-name',
    'GatewaySubnet',
    '--subnet-prefixes',
    '10.1.255.0/27',
  );
  expect(newVNet).toMatchObject({
    name: 'hq',
    provisioningState: 'Succeeded',
    addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
    subnets: [{ name: 'GatewaySubnet' }],
  });
  expect(
    await az.json(
      'network',
      'vnet',
      'subnet',
      'create',
      '-g',
      group,
      '--vnet-name',
      'hq',
      '-n',
      'apps',
      '--address-prefixes',
      '10.1.0.0/24',
    ),
  ).toMatchObject({ name: 'apps', addressPrefix: '10.1.0.0/24' });
});

test('network public-ip create', async () => {
  const { publicIp } = await az.json(
    'network',
    'public-ip',
    'create',
    '-g',
    group,
    '-n',
    'gw-ip',
    '--sku',
    'Standard',
    '--allocation-method',
    'Static',
    '--zone',
    '1',
    '2',
    '3',
  );
  expect(publicIp).toMatchObject({
    name: 'gw-ip',
    publicIPAllocationMethod: 'Static',
    sku: { name: 'Standard', tier: 'Regional' },
    zones: ['1', '2', '3'],
  });
  expect(publicIp.ipAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
});

test('network local-gateway create', async () => {
  expect(
    await az.json(
      'network',
      'local-gateway',
      'create',
      '-g',
      group,
      '-n',
      'branch',
      '--gateway-ip-address',
      '203.0.113.10',
      '--local-address-prefixes',
      '192.168.10.0/24',
    ),
  ).toMatchObject({
    name: 'branch',
    gatewayIpAddress: '203.0.113.10',
    localNetworkAddressSpace: { addressPrefixes: ['192.168.10.0/24'] },
  });
});

test('network vnet-gateway create, wait, show, list', async () => {
  await az.json(
    'network',
    'vnet-gateway',
    'create',
    '-g',
    group,
    '-n',
    'gw',
    '--vnet',
    'hq',
    '--public-ip-addresses',
    'gw-ip',
    '--gateway-type',
    'Vpn',
    '--vpn-type',
    'RouteBased',
    '--sku',
    'VpnGw1AZ',
    '--no-wait',
  );
  await az.json('network', 'vnet-gateway', 'wait', '-g', group, '-n', 'gw', '--created');
  expect(await az.json('network', 'vnet-gateway', 'show', '-g', group, '-n', 'gw')).toMatchObject({
    name: 'gw',
    provisioningState: 'Succeeded',
    sku: { name: 'VpnGw1AZ' },
    vpnType: 'RouteBased',
    natRules: [],
  });
  expect(await az.tsv('network', 'vnet-gateway', 'list', '-g', group, '--query', '[].[name,provisioningState]')).toEqual([
    ['gw', 'Succeeded'],
  ]);
});

test('network vpn-connection create posts a template and prints the connection', async () => {
  const { resource } = await az.json(
    'network',
    'vpn-connection',
    'create',
    '-g',
    group,
    '-n',
    'hq-to-branch',
    '--vnet-gateway1',
    'gw',
    '--local-gateway2',
    'branch',
    '--shared-key',
    'From.Az.1',
  );
  expect(resource).toMatchObject({ connectionType: 'IPsec', routingWeight: 10, provisioningState: 'Succeeded', enableBgp: false });
  expect(JSON.stringify(resource)).not.toContain('From.Az.1');
});

test('network vpn-connection show, list', async () => {
  expect(await az.json('network', 'vpn-connection', 'show', '-g', group, '-n', 'hq-to-branch')).toMatchObject({
    connectionStatus: 'Connected',
    connectionType: 'IPsec',
    connectionProtocol: 'IKEv2',
  });
  expect(await az.tsv('network', 'vpn-connection', 'list', '-g', group, '--query', '[].[name,connectionType]')).toEqual([
    ['hq-to-branch', 'IPsec'],
  ]);
  const { code, stderr } = await az.run('network', 'vpn-connection', 'show', '-g', group, '-n', 'nosuch');
  expect([code, stderr]).toEqual([
    3,
    expect.stringContaining("The Resource 'Microsoft.Network/connections/nosuch' under resource group 'hub' was not found."),
  ]);
});

test('network vpn-connection shared-key show, update, reset', async () => {
  const key = ['network', 'vpn-connection', 'shared-key'] as const;
  const name = ['-g', group, '--connection-name', 'hq-to-branch'] as const;
  expect(await az.json(...key, 'show', ...name)).toMatchObject({ value: 'From.Az.1' });
  await az.json(...key, 'update', ...name, '--value', 'Changed.2');
  expect(await az.json(...key, 'show', ...name)).toMatchObject({ value: 'Changed.2' });
  await az.json(...key, 'reset', ...name, '--key-length', '24');
  expect((await az.json(...key, 'show', ...name)).value).toHaveLength(24);
});

test('the tag of a key rotation is set by az, checked, and survives what az does to the connection', async () => {
  const tag = 'sallyport:key-rotation-window';
  const { id } = await az.json('network', 'vpn-connection', 'show', '-g', group, '-n', 'hq-to-branch');
  const refused = await az.run('resource', 'tag', '--is-incremental', '--ids', id, '--tags', `${tag}=soon`);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('ISO 8601 duration')]);
  await az.json('resource', 'tag', '--is-incremental', '--ids', id, '--tags', `${tag}=PT1H`);
  await az.json('network', 'vpn-connection', 'update', '-g', group, '-n', 'hq-to-branch', '--routing-weight', '11');
  await az.json(
    'network',
    'vpn-connection',
    'shared-key',
    'update',
    '-g',
    group,
    '--connection-name',
    'hq-to-branch',
    '--value',
    'In.A.Window',
  );
  expect((await az.json('network', 'vpn-connection', 'show', '-g', group, '-n', 'hq-to-branch')).tags).toEqual({ [tag]: 'PT1H' });
});

test('network vpn-connection list-ike-sas prints a string of JSON', async () => {
  const printed = await az.json('network', 'vpn-connection', 'list-ike-sas', '-g', group, '-n', 'hq-to-branch');
  expect(JSON.parse(String(printed))).toHaveProperty('IkeSAs');
});

test('network vpn-connection update, ipsec-policy add and clear', async () => {
  const name = ['-g', group, '-n', 'hq-to-branch'] as const;
  expect(await az.json('network', 'vpn-connection', 'update', ...name, '--routing-weight', '25')).toMatchObject({
    routingWeight: 25,
    connectionType: 'IPsec',
  });
  const policy = ['network', 'vpn-connection', 'ipsec-policy'] as const;
  const values = [
    '--dh-group',
    'DHGroup14',
    '--ike-encryption',
    'AES256',
    '--ike-integrity',
    'SHA256',
    '--ipsec-encryption',
    'GCMAES256',
    '--ipsec-integrity',
    'GCMAES256',
    '--pfs-group',
    'PFS14',
    '--sa-lifetime',
    '27000',
    '--sa-max-size',
    '102400000',
  ];
  await az.json(...policy, 'add', '-g', group, '--connection-name', 'hq-to-branch', ...values);
  expect(await az.json(...policy, 'list', '-g', group, '--connection-name', 'hq-to-branch')).toMatchObject([
    { dhGroup: 'DHGroup14', saLifeTimeSeconds: 27_000 },
  ]);
  await az.json(...policy, 'clear', '-g', group, '--connection-name', 'hq-to-branch');
  expect(await az.json(...policy, 'list', '-g', group, '--connection-name', 'hq-to-branch')).toEqual([]);
});

test('a route table, and a policy-based gateway with its connection', async () => {
  await az.json('network', 'route-table', 'create', '-g', group, '-n', 'frontend-routes');
  const exempt = ['--address-prefix', '0.0.0.0/0', '--next-hop-type', 'Internet'];
  await az.json(
    'network',
    'route-table',
    'route',
    'create',
    '-g',
    group,
    '--route-table-name',
    'frontend-routes',
    '-n',
    'internet',
    ...exempt,
  );
  const subnet = ['network', 'vnet', 'subnet', 'update', '-g', group, '--vnet-name', 'hq', '-n', 'apps'] as const;
  expect((await az.json(...subnet, '--route-table', 'frontend-routes')).routeTable.id).toMatch(/frontend-routes$/);
  await az.json(
    'network',
    'vnet',
    'create',
    '-g',
    group,
    '-n',
    'old',
    ...words('--address-prefixes 10.9.0.0/16 --subnet-name GatewaySubnet --subnet-prefixes 10.9.255.0/27'),
  );
  await az.json('network', 'public-ip', 'create', '-g', group, '-n', 'old-ip', '--sku', 'Basic');
  await az.json(
    'network',
    'vnet-gateway',
    'create',
    '-g',
    group,
    '-n',
    'old',
    ...words('--vnet old --public-ip-addresses old-ip --vpn-type PolicyBased --sku Basic'),
  );
  const site = words('--gateway-ip-address 203.0.113.77 --local-address-prefixes 192.168.77.0/24 192.168.78.0/24');
  await az.json('network', 'local-gateway', 'create', '-g', group, '-n', 'old-site', ...site);
  const ends = words('--vnet-gateway1 old --local-gateway2 old-site --shared-key Choose.Your.Own');
  await az.json('network', 'vpn-connection', 'create', '-g', group, '-n', 'old', ...ends);
  expect(await az.json('network', 'vpn-connection', 'show', '-g', group, '-n', 'old')).toMatchObject({
    connectionProtocol: 'IKEv1',
    provisioningState: 'Succeeded',
  });
  await az.json('network', 'vpn-connection', 'delete', '-g', group, '-n', 'old');
  await az.json('network', 'vnet-gateway', 'delete', '-g', group, '-n', 'old');
  for (const [kind, name] of [
    ['vnet', 'old'],
    ['public-ip', 'old-ip'],
    ['local-gateway', 'old-site'],
  ] as const)
    await az.json('network', kind, 'delete', '-g', group, '-n', name);
  await az.json(...subnet, '--remove', 'routeTable');
  await az.json('network', 'route-table', 'delete', '-g', group, '-n', 'frontend-routes');
});

test('network vnet-gateway update --gateway-default-site, and its removal', async () => {
  const gateway = ['network', 'vnet-gateway'] as const;
  const name = ['-g', group, '-n', 'gw'] as const;
  await az.json(...gateway, 'update', ...name, '--gateway-default-site', 'branch');
  const { gatewayDefaultSite } = await az.json(...gateway, 'show', ...name);
  expect(gatewayDefaultSite.id).toMatch(/\/localNetworkGateways\/branch$/);
  await az.json(...gateway, 'update', ...name, '--remove', 'gatewayDefaultSite');
  expect((await az.json(...gateway, 'show', ...name)).gatewayDefaultSite).toBeUndefined();
});

test('tags: vnet-gateway update, public-ip update, resource tag', async () => {
  expect(await az.json('network', 'vnet-gateway', 'update', '-g', group, '-n', 'gw', '--tags', 'env=prod')).toMatchObject({
    tags: { env: 'prod' },
    sku: { name: 'VpnGw1AZ' },
  });
  await az.json(
    'resource',
    'tag',
    '-g',
    group,
    '-n',
    'branch',
    '--resource-type',
    'Microsoft.Network/localNetworkGateways',
    '--tags',
    'owner=net',
  );
  expect(
    await az.json('resource', 'show', '-g', group, '-n', 'branch', '--resource-type', 'Microsoft.Network/localNetworkGateways'),
  ).toMatchObject({ tags: { owner: 'net' }, properties: { gatewayIpAddress: '203.0.113.10' } });
});

test('resource list', async () => {
  expect(await az.tsv('resource', 'list', '-g', group, '--query', 'sort_by([].{name:name,type:type}, &name)[].[name,type]')).toEqual([
    ['branch', 'Microsoft.Network/localNetworkGateways'],
    ['gw', 'Microsoft.Network/virtualNetworkGateways'],
    ['gw-ip', 'Microsoft.Network/publicIPAddresses'],
    ['hq', 'Microsoft.Network/virtualNetworks'],
    ['hq-to-branch', 'Microsoft.Network/connections'],
  ]);
});

test('what Azure refuses is refused with its code', async () => {
  const inUse = await az.run('network', 'public-ip', 'delete', '-g', group, '-n', 'gw-ip');
  expect([inUse.code, inUse.stderr]).toEqual([1, expect.stringContaining('(PublicIPAddressCannotBeDeleted)')]);
  const overlap = await az.run(
    'network',
    'vnet',
    'subnet',
    'create',
    '-g',
    group,
    '--vnet-name',
    'hq',
    '-n',
    'again',
    '--address-prefixes',
    '10.1.0.128/25',
  );
  expect([overlap.code, overlap.stderr]).toEqual([1, expect.stringContaining('(NetcfgSubnetRangesOverlap)')]);
});

test('delete everything in order', async () => {
  await az.json('network', 'vpn-connection', 'delete', '-g', group, '-n', 'hq-to-branch');
  await az.json('network', 'vnet-gateway', 'delete', '-g', group, '-n', 'gw');
  await az.json('network', 'local-gateway', 'delete', '-g', group, '-n', 'branch');
  await az.json('network', 'public-ip', 'delete', '-g', group, '-n', 'gw-ip');
  await az.json('network', 'vnet', 'delete', '-g', group, '-n', 'hq');
  expect(await az.json('resource', 'list', '-g', group)).toEqual([]);
});

function words(text: string): readonly string[] {
  return text.split(' ');
}
