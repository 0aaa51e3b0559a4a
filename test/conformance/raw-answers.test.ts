/**
 * Status codes and members of answers, held against what the examples of Microsoft's specification show (test/facts/answers.json):
 * every operation on one world that has everything. What is missing here is named, with the reason.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { startTestServer, testSubscription, type TestServer } from '@sallyport/control-plane/testing';
import { buildWorld, group } from './answers-world.ts';

type Fact = { readonly statuses: readonly number[]; readonly members: Readonly<Record<string, string>> };
type Answer = Awaited<ReturnType<TestServer['client']['send']>>;

const facts = JSON.parse(readFileSync(new URL('../facts/answers.json', import.meta.url), 'utf8')) as {
  readonly apiVersion: string;
  readonly operations: Readonly<Record<string, Fact>>;
};
const version = `?api-version=${facts.apiVersion}`;

/** By the member's path. */
const missing: readonly (readonly [path: RegExp, reason: string])[] = [
  [/\bsharedKey$/, 'a secret'],
  [/^identity\b/, 'not in this world'],
  [/\bradiusServers\[\]/, 'not in this world'],
  [/\bvirtualNetworkGateway2\b/, 'not in this world'],
  [/^value\[\]\.properties\.ipConfigurations\[\]\.properties\.privateIPAddress$/, 'not in this world'],
  [/\b(in|e)gressNatRules\[\]/, 'not in this world'],
  [/\bcustomBgpIpAddresses\[\]/, 'not in this world'],
  [/\bgatewayCustomBgpIpAddresses\[\]/, 'not in this world'],
  [/\bdomainNameLabelScope$/, 'not in this world'],
  [/\bipTags\[\]/, 'not in this world'],
  [/\bsharingScope$/, 'not in this world'],
  [/\bdefaultOutboundAccess$/, 'not in this world'],
  [/^value\[\]\.properties\.dhcpOptions\b/, 'shown when set'],
  [/\bddosProtectionPlan\b/, 'no such resource here'],
  [/\bserviceEndpointPolicies\[\]/, 'no such resource here'],
  [/\bipConfigurationProfiles\b/, 'no such resource here'],
  [/\bgatewayLoadBalancer\b/, 'no such resource here'],
  [/\bdscpConfiguration\b/, 'no such resource here'],
  [/\bvirtualMachine\b/, 'interfaces of virtual machines only'],
  [/^properties\.macAddress$/, 'interfaces of virtual machines only'],
  [/^properties\.primary$/, 'interfaces of virtual machines only'],
  [/\bprivateIPAddressPrefixLength$/, 'no blocks of addresses on an interface'],
  [/\binternalDomainNameSuffix$/, 'no name service for virtual networks here'],
  [/\binboundDnsForwardingEndpoint$/, 'no name service for virtual networks here'],
  [/\bregionalCommunity$/, 'no ExpressRoute here'],
  [/\bserviceAssociationLinks\b/, 'written by services that do not exist here'],
  [/\bresourceNavigationLinks$/, 'written by services that do not exist here'],
  [/\bpurpose$/, 'written by services that do not exist here'],
  [/\bdelegations\[\]\.properties\.actions\b/, 'written by services that do not exist here'],
  [/\bserviceEndpoints\[\]\.locations\[\]$/, 'written by services that do not exist here'],
  [/^\[\]/, 'the example shows a bare list where the specification has one in value'],
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ store: 'memory' });
  await server.startAgent();
  await buildWorld(server);
});
afterAll(() => server.stop());

/** The names our world has for the placeholders of an operation, by collection. */
const names: Readonly<Record<string, string>> = {
  virtualNetworks: 'hq',
  subnets: 'apps',
  virtualNetworkPeerings: 'far',
  publicIPAddresses: 'nic-ip',
  networkInterfaces: 'nic',
  routeTables: 'rt',
  routes: 'r1',
  virtualNetworkGateways: 'gw',
  natRules: 'out',
  connections: 'c',
  localNetworkGateways: 'site',
  locations: 'westeurope',
};

function urlOf(operation: string): string {
  const [, place = '', scope] = operation.split(' ');
  const segments = place.split('/');
  const named = segments.map((segment, index) => (segment === '{}' ? (names[segments[index - 1] ?? ''] ?? '') : segment));
  const root = scope === undefined ? group : `/subscriptions/${testSubscription}`;
  return `${root}/providers/Microsoft.Network/${named.join('/')}`;
}

const methodOf = (operation: string): string => operation.split(' ')[0] ?? '';
const all = Object.entries(facts.operations);
const of = (method: string): typeof all => all.filter(([operation]) => methodOf(operation) === method);

/** Sends, and again while another operation is on its way, as clients do. */
const send = (method: string, url: string, body?: unknown): Promise<Answer> =>
  until(
    () => server.client.send(method, `${url}${version}`, body === undefined ? {} : { body }),
    ({ status }) => status !== 429,
    { because: `${method} ${url} is taken`, clock: systemClock },
  );

test.each(of('GET'))('%s', async (operation, fact) => {
  const answer = await send('GET', urlOf(operation));
  expect(fact.statuses).toContain(answer.status);
  expect(differences(fact, answer.body)).toEqual([]);
});

test.each(of('PUT'))('%s of what GET shows changes nothing', async (operation, fact) => {
  const url = urlOf(operation);
  const answer = await send('PUT', url, (await send('GET', url)).body);
  expect(fact.statuses).toContain(answer.status);
  expect(differences(fact, answer.body)).toEqual([]);
});

test.each(of('PATCH'))('%s', async (operation, fact) => {
  const answer = await send('PATCH', urlOf(operation), { tags: { tag1: 'value1' } });
  expect(fact.statuses).toContain(answer.status);
  expect(answer.body.tags).toEqual({ tag1: 'value1' });
  expect(differences(fact, answer.body)).toEqual([]);
});

/** What is asked for by POST, with its body where it has one. Those not built yet refuse in so many words. */
const bodies: Readonly<Record<string, unknown>> = { 'POST connections/{}/sharedkey/reset': { keyLength: 32 } };
const built =
  /getikesas|resetconnection|sharedkey\/reset|Routes$|getBgpPeerStatus|supportedvpndevices|virtualNetworkGateways\/\{\}\/reset$/;

test.each(of('POST').filter(([operation]) => built.test(operation)))('%s', async (operation, fact) => {
  const query = operation.endsWith('getAdvertisedRoutes') ? '&peer=10.0.0.1' : '';
  const answer = await until(
    () =>
      server.client.send(
        'POST',
        `${urlOf(operation)}${version}${query}`,
        bodies[operation] === undefined ? {} : { body: bodies[operation] },
      ),
    ({ status }) => status !== 429,
    { because: `${operation} is taken`, clock: systemClock },
  );
  expect(fact.statuses).toContain(answer.status);
  const { location } = answer.headers;
  if (answer.status === 200) return;
  const result = await until(
    () => server.client.send('GET', location ?? ''),
    ({ status }) => status !== 202,
    { because: `${operation} has a result`, clock: systemClock },
  );
  expect(result.status).toBe(200);
  expect(differences(fact, result.body)).toEqual([]);
});

test('everything can be deleted in the end, and is 204 when it is gone', async () => {
  const order = [
    'connections',
    'natRules',
    'localNetworkGateways',
    'virtualNetworkGateways',
    'Peerings',
    'networkInterfaces',
    'subnets',
    'virtualNetworks',
    'routes',
    'routeTables',
    'publicIPAddresses',
  ];
  const rank = ([operation]: readonly [string, Fact]): number => order.findIndex((name) => operation.replace(/\/\{\}$/, '').endsWith(name));
  await send('DELETE', `${group}/providers/Microsoft.Network/networkInterfaces/nic`);
  for (const [operation, fact] of of('DELETE').toSorted((a, b) => rank(a) - rank(b))) {
    const url = urlOf(operation);
    const first = await send('DELETE', url);
    expect([operation, fact.statuses.includes(first.status), first.status]).toEqual([operation, true, first.status]);
    const last = await until(
      () => send('DELETE', url),
      ({ status }) => status === 204 || status === 404,
      { because: `${operation} is done`, clock: systemClock },
    );
    expect([operation, last.status]).toEqual([operation, 204]);
  }
});

test('every exception is needed', () => {
  expect(missing.filter(([pattern]) => !needed.has(pattern)).map(String)).toEqual([]);
});

const needed = new Set<RegExp>();

function differences(fact: Fact, body: unknown): readonly string[] {
  return Object.entries(fact.members).flatMap(([path, type]) => {
    const kinds = new Set(valuesAt(body, path).map(kindOf));
    if (type === 'null' || kinds.has(type)) return [];
    const exceptions = missing.filter(([pattern]) => pattern.test(path));
    for (const [pattern] of exceptions) needed.add(pattern);
    return exceptions.length > 0 ? [] : [`${path}: ${type}, here ${kinds.size === 0 ? 'missing' : [...kinds].join(' or ')}`];
  });
}

/** All values at `properties.subnets[].name`. */
function valuesAt(body: unknown, path: string): readonly unknown[] {
  return path.split('.').reduce<readonly unknown[]>(
    (found, part) => {
      const depth = (part.match(/\[\]/g) ?? []).length;
      const members = found.flatMap((value) => memberOf(value, part.replaceAll('[]', '')));
      return depth === 0 ? members : members.flat(depth);
    },
    [body],
  );
}

function memberOf(value: unknown, name: string): readonly unknown[] {
  if (typeof value !== 'object' || value === null || !(name in value)) return [];
  return [(value as Readonly<Record<string, unknown>>)[name]]; // `in` says so
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value;
}
