/** A PUT with less than there is, a partial policy, a PATCH: by HTTP, as az and Terraform send them, and as nobody should. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf, startSiteToSite, type TestServer } from '@sallyport/control-plane/testing';
import { connectionBody, gatewayBody } from './http-world.ts';
import { customPolicy as policy } from './world.ts';

const connection = idOf('connections', 'hq-site');
const gateway = idOf('virtualNetworkGateways', 'gw');
const site = idOf('localNetworkGateways', 'site');
let server: TestServer;

beforeAll(async () => {
  server = await startSiteToSite();
});
afterAll(() => server.stop());

const put = async (properties: object): Promise<void> => {
  const { first, last } = await server.client.run('PUT', connection, connectionBody('gw', 'site', properties));
  expect([first.status, last?.body.status]).toEqual([200, 'Succeeded']);
};
const shown = async (id = connection) => (await server.client.send('GET', id)).body;
/** Children have the etag of the gateway they are part of. */
const withoutEtags = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (name, inner: unknown) => (name === 'etag' ? undefined : inner)));
const key = async (): Promise<unknown> => (await server.client.send('GET', `${connection}/sharedkey`)).body.value;

test('VGW-CONN-041: what a PUT leaves out is the default again, but key and protocol', async () => {
  await server.client.run('DELETE', connection);
  const made = {
    connectionProtocol: 'IKEv1',
    sharedKey: 'Kept.Key.1',
    dpdTimeoutSeconds: 30,
    connectionMode: 'InitiatorOnly',
    routingWeight: 5,
  };
  const selectors = {
    usePolicyBasedTrafficSelectors: true,
    trafficSelectorPolicies: [{ localAddressRanges: ['10.1.0.0/24'], remoteAddressRanges: ['192.168.0.0/24'] }],
  };
  await server.client.run('PUT', connection, connectionBody('gw', 'site', { ...made, ...selectors, ipsecPolicies: [policy] }));
  const { resourceGuid, ...before } = (await shown()).properties;
  expect(before).toMatchObject({ connectionProtocol: 'IKEv1', dpdTimeoutSeconds: 30, ipsecPolicies: [policy], ...selectors });
  await put({});
  expect((await shown()).properties).toMatchObject({
    resourceGuid,
    connectionProtocol: 'IKEv1',
    connectionMode: 'Default',
    dpdTimeoutSeconds: 0,
    routingWeight: 0,
    usePolicyBasedTrafficSelectors: false,
    trafficSelectorPolicies: [],
    ipsecPolicies: [],
  });
  expect(await key()).toBe('Kept.Key.1');
});

test('VGW-CONN-041: null is as good as nothing, and tags go as well', async () => {
  await server.client.run('PUT', connection, { ...connectionBody('gw', 'site', { ipsecPolicies: [policy] }), tags: { a: 'b' } });
  expect((await shown()).tags).toEqual({ a: 'b' });
  await put({ ipsecPolicies: null, trafficSelectorPolicies: null, sharedKey: null, dpdTimeoutSeconds: null, connectionMode: null });
  expect(await shown()).not.toHaveProperty('tags.a');
  expect((await shown()).properties).toMatchObject({ ipsecPolicies: [], dpdTimeoutSeconds: 0, connectionMode: 'Default' });
  expect(await key()).toBe('Kept.Key.1');
});

test.each(Object.keys(policy))('VGW-IPSEC-010: a policy without %s is refused, and nothing is stored', async (member) => {
  await put({ ipsecPolicies: [policy] });
  const before = JSON.stringify(await shown());
  for (const value of [undefined, null]) {
    const body = connectionBody('gw', 'site', { ipsecPolicies: [{ ...policy, [member]: value }] });
    const refused = await server.client.send('PUT', connection, { body });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'InvalidRequestFormat']);
    expect(JSON.stringify(refused.body)).toContain(member);
  }
  expect(JSON.stringify(await shown())).toBe(before);
});

test('VGW-IPSEC-011: 0 is the default of lifetime and data size', async () => {
  await put({ ipsecPolicies: [{ ...policy, saLifeTimeSeconds: 0, saDataSizeKilobytes: 0 }] });
  expect((await shown()).properties.ipsecPolicies).toEqual([{ ...policy, saLifeTimeSeconds: 27_000, saDataSizeKilobytes: 102_400_000 }]);
});

test('VGW-TS-005: policy-based selectors are accepted with IKEv1', async () => {
  await put({ ipsecPolicies: [policy], usePolicyBasedTrafficSelectors: true });
  expect((await shown()).properties).toMatchObject({ connectionProtocol: 'IKEv1', usePolicyBasedTrafficSelectors: true });
});

test.each([gateway, connection, site])('a PATCH changes the tags of %s, and nothing else', async (id) => {
  const before = await shown(id);
  const patched = await server.client.send('PATCH', id, {
    body: { tags: { owner: 'net' }, properties: { enableBgp: true, fqdn: 'x.example' } },
  });
  expect([patched.status, patched.body.tags]).toEqual([200, { owner: 'net' }]);
  const after = await shown(id);
  expect(withoutEtags(after.properties)).toEqual(withoutEtags(before.properties));
  const refused = await server.client.send('PATCH', id, { body: { tags: { owner: ['a', 'list'] } } });
  expect([refused.status, refused.body.error.code]).toEqual([400, 'InvalidRequestFormat']);
  expect((await shown(id)).tags).toEqual({ owner: 'net' });
  // Without tags there is nothing to change.
  expect((await server.client.send('PATCH', id, { body: {} })).body.tags).toEqual({ owner: 'net' });
});

test('a PUT of what a GET showed changes nothing, however often', async () => {
  const before = (await shown(gateway)).properties;
  for (let round = 0; round < 2; round += 1) {
    const { first } = await server.client.run('PUT', gateway, await gatewayBody(server, 'gw', {}));
    expect(first.status).toBe(200);
  }
  expect(withoutEtags((await shown(gateway)).properties)).toEqual(withoutEtags(before));
});
