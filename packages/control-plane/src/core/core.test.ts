/** The parts of Resource Manager that are no resource of a provider: subscriptions, providers, groups, tags, lists, usages. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestClient } from '../testing/test-client.ts';
import type { TestServer } from '../testing/test-server.ts';
import { startTestServer, testSubscription, testTenant } from '../testing/test-server.ts';

let server: TestServer;
let client: TestClient;
const subscription = `/subscriptions/${testSubscription}`;
const group = `${subscription}/resourceGroups/Rg`;
const address = `${group}/providers/Microsoft.Network/publicIPAddresses/ip`;

beforeAll(async () => {
  server = await startTestServer({ store: 'memory' });
  client = server.client;
  await client.send('PUT', group, { body: { location: 'West Europe', tags: { env: 'lab' } } });
  await client.send('PUT', address, {
    body: {
      location: 'westeurope',
      sku: { name: 'Standard' },
      tags: { Owner: 'ops' },
      properties: { publicIPAllocationMethod: 'Static', dnsSettings: { domainNameLabel: 'hub' } },
    },
  });
});
afterAll(() => server.stop());

test('tenants, subscriptions and locations are those of the settings', async () => {
  expect((await client.send('GET', '/tenants')).body.value).toMatchObject([{ id: `/tenants/${testTenant}`, tenantId: testTenant }]);
  const subscriptions = (await client.send('GET', '/subscriptions')).body.value;
  expect(subscriptions).toMatchObject([{ id: subscription, subscriptionId: testSubscription, state: 'Enabled', tenantId: testTenant }, {}]);
  expect((await client.send('GET', subscription.toUpperCase())).body).toEqual(subscriptions[0]);
  const locations = (await client.send('GET', `${subscription}/locations`)).body.value;
  expect(locations.map(({ name, displayName }: { name: string; displayName: string }) => [name, displayName])).toEqual([
    ['westeurope', 'West Europe'],
    ['northeurope', 'North Europe'],
  ]);
});

test('providers are registered and list types with api-versions and locations', async () => {
  const listed = (await client.send('GET', `${subscription}/providers`)).body.value;
  expect(listed.map(({ namespace }: { namespace: string }) => namespace)).toEqual([
    'Microsoft.Authorization',
    'Microsoft.Network',
    'Microsoft.Resources',
  ]);
  const network = (await client.send('GET', `${subscription}/providers/microsoft.network`)).body;
  expect(network.registrationState).toBe('Registered');
  const types = new Map(network.resourceTypes.map((type: { resourceType: string }) => [type.resourceType, type]));
  expect(types.get('virtualNetworkGateways')).toMatchObject({
    apiVersions: expect.arrayContaining(['2025-05-01', '2015-06-15']),
    locations: ['West Europe', 'North Europe'],
  });
  expect(types.has('virtualNetworks/subnets')).toBe(true);
  expect((await client.send('POST', `${subscription}/providers/Microsoft.Network/register`)).body.registrationState).toBe('Registered');
  expect((await client.send('GET', '/providers/Microsoft.Network')).body.id).toBe('/providers/Microsoft.Network');
  expect((await client.send('GET', '/providers/Microsoft.Network/operations')).body.value).toContainEqual(
    expect.objectContaining({ name: 'Microsoft.Network/virtualNetworkGateways/write' }),
  );
});

test('a group is created, read, changed, listed by tag', async () => {
  const got = await client.send('GET', group.toLowerCase());
  expect(got.body).toEqual({
    id: group,
    name: 'Rg',
    type: 'Microsoft.Resources/resourceGroups',
    location: 'westeurope',
    tags: { env: 'lab' },
    properties: { provisioningState: 'Succeeded' },
  });
  expect((await client.send('PUT', group, { body: { location: 'westeurope', tags: { env: 'lab' } } })).status).toBe(200);
  expect((await client.send('PATCH', group, { body: { tags: { env: 'test' } } })).body.tags).toEqual({ env: 'test' });
  const list = async (filter: string): Promise<number> =>
    (await client.send('GET', `${subscription}/resourcegroups?api-version=2021-04-01&$filter=${encodeURIComponent(filter)}`)).body.value
      .length;
  expect([await list("tagName eq 'env' and tagValue eq 'test'"), await list("tagName eq 'env' and tagValue eq 'lab'")]).toEqual([1, 0]);
});

test('resources are listed whatever their type, filtered and expanded as asked', async () => {
  const list = async (query: string): Promise<{ id: string; createdTime?: string }[]> =>
    (await client.send('GET', `${subscription}/resources?api-version=2021-04-01&${query}`.replaceAll(' ', '%20'))).body.value;
  expect(await list("$filter=resourceGroup eq 'rg'&$expand=createdTime,changedTime,provisioningState")).toEqual([
    {
      id: address,
      name: 'ip',
      type: 'Microsoft.Network/publicIPAddresses',
      location: 'westeurope',
      tags: { Owner: 'ops' },
      sku: expect.objectContaining({ name: 'Standard' }),
      createdTime: expect.stringMatching(/^\d{4}-/),
      changedTime: expect.stringMatching(/^\d{4}-/),
      provisioningState: 'Succeeded',
    },
  ]);
  expect(await list("$filter=resourceType eq 'Microsoft.Network/publicIPAddresses'")).toHaveLength(1);
  expect(await list("$filter=resourceType ne 'Microsoft.Network/publicIPAddresses'")).toHaveLength(0);
  expect(await list("$filter=tagName eq 'owner'")).toHaveLength(1);
  expect((await list('$top=1'))[0]?.createdTime).toBeUndefined();
});

test('tags are a resource of their own', async () => {
  const tags = `${address}/providers/Microsoft.Resources/tags/default?api-version=2021-04-01`;
  const patch = (operation: string, given: object): ReturnType<TestClient['send']> =>
    client.send('PATCH', tags, { body: { operation, properties: { tags: given } } });
  expect((await client.send('GET', tags)).body.properties.tags).toEqual({ Owner: 'ops' });
  expect((await patch('Merge', { owner: 'net', cost: '1' })).body.properties.tags).toEqual({ owner: 'net', cost: '1' });
  expect((await patch('Delete', { cost: '1' })).body.properties.tags).toEqual({ owner: 'net' });
  expect((await client.send('PUT', tags, { body: { properties: { tags: { a: 'b' } } } })).body.properties.tags).toEqual({ a: 'b' });
  expect((await client.send('GET', address)).body.tags).toEqual({ a: 'b' });
  const names = (await client.send('GET', `${subscription}/tagNames`)).body.value;
  expect(names).toContainEqual(expect.objectContaining({ tagName: 'a', count: { type: 'Total', value: 1 } }));
  expect((await client.send('DELETE', tags)).status).toBe(200);
  expect((await client.send('GET', address)).body.tags).toEqual({});
  const ofGroup = await client.send('GET', `${group}/providers/Microsoft.Resources/tags/default`);
  expect(ofGroup.body.properties.tags).toEqual({ env: 'test' });
});

test('locks and role assignments: none, at every scope', async () => {
  for (const scope of [subscription, group, address])
    for (const type of ['locks', 'roleAssignments'])
      expect((await client.send('GET', `${scope}/providers/Microsoft.Authorization/${type}`)).body).toEqual({ value: [] });
});

test('usages count what is there, and DNS labels are taken once', async () => {
  const place = `${subscription}/providers/Microsoft.Network/locations/West%20Europe`;
  const usages = (await client.send('GET', `${place}/usages`)).body.value;
  expect(usages).toContainEqual(
    expect.objectContaining({
      unit: 'Count',
      currentValue: 1,
      name: { value: 'PublicIPAddresses', localizedValue: 'Public IP Addresses' },
    }),
  );
  const check = async (label: string): Promise<boolean> =>
    (await client.send('GET', `${place}/CheckDnsNameAvailability?api-version=2025-05-01&domainNameLabel=${label}`)).body.available;
  expect([await check('HUB'), await check('free')]).toEqual([false, true]);
  expect((await client.send('GET', `${subscription}/providers/Microsoft.Network/locations/mars/usages`)).status).toBe(400);
});
