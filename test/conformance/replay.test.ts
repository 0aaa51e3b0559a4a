/**
 * Recorded sessions of Microsoft's own clients with Azure (test/facts/recorded-*.json), sent in order to a control plane with a simulated
 * host: statuses, the headers that steer a client, how operations end, and every member of every answer. What we do otherwise is
 * listed, each with its reason.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { startTestServer, testSubscription, type TestServer } from '@sallyport/control-plane/testing';
import type { Exchange, Json, Recording } from '../../tools/facts/recordings/recorded.ts';
import { differences } from './replay-compare.ts';
import { standardAddress, worlds } from './replay-worlds.ts';

type Answer = Awaited<ReturnType<TestServer['client']['send']>>;

const folder = new URL('../facts/', import.meta.url);
const sessions = readdirSync(folder)
  .filter((name) => name.startsWith('recorded-'))
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Recording);

/** By a pattern of what the test would say: `METHOD path: difference`. */
const known: readonly (readonly [difference: RegExp, reason: string])[] = [
  [/\bsharedKey: recorded "/, 'a key is shown by …/sharedkey only; Azure of that time showed it in the GET of a connection too'],
  [
    /connectionStatus: recorded "Unknown", here "Connected"/,
    'the simulated host connects at once; nobody was there when this was recorded',
  ],
  [
    /^PUT publicIPAddresses\/\S+ properties\.provisioningState: recorded "Updating", here "Succeeded"/,
    'an address is there when the PUT is answered',
  ],
  [
    /^\S+ publicIPAddresses\/\S+ (sku\.name: recorded "Basic", here "Standard"|\S+publicIPAllocationMethod: recorded "Dynamic", here "Static")/,
    'asked for otherwise here: Azure takes no Basic addresses for gateways since these sessions were recorded',
  ],
  [
    /^PUT localNetworkGateways\/\S+ properties\.provisioningState: recorded "Succeeded", here "Updating"/,
    'Azure sees that only tags changed',
  ],
  [
    /^PUT virtualNetworkGateways\/\S+ properties\.bgpSettings\.asn: recorded 0, here 65515/,
    'decided when the PUT is answered, not half an hour later',
  ],
  [/^PUT virtualNetworkGateways\/\S+ \S+defaultBgpIpAddresses: recorded 0 of them, here 1/, 'decided when the PUT is answered'],
  [
    /vpnClientConfiguration: recorded .*"vpnClientRootCertificates":\[\].*, here missing/,
    'empty, and in lists and writes only: shown when set',
  ],
  [
    /^PATCH virtualNetworkGateways\/\S+ (header retry-after: missing|\S+provisioningState: recorded "Updating", here "Succeeded")/,
    'tags are changed at once',
  ],
  [/^POST connections\/\S+\/vpndeviceconfigurationscript/, 'there is no script for that device here'],
  [/^POST connections\/\S+\/sharedkey\/reset: result answer: recorded empty, here \{"keyLength":/, 'the length, as the specification says'],
  [/^PUT connections\/\S+\/sharedkey: answer: recorded empty, here \{"id":"","value":/, 'the key, as the specification says'],
];
const needed = new Set<RegExp>();

describe.each(sessions)('$source', ({ source, exchanges }) => {
  test('is answered as Azure answered', async () => {
    const server = await startTestServer({ store: 'memory' });
    onTestFinished(() => server.stop());
    await server.startAgent();
    const group = `replay-${source.replaceAll(/\W/g, '-').toLowerCase()}`;
    const words = (text: string): string =>
      text
        .replaceAll('{subscription}', testSubscription)
        .replaceAll('{group}', group)
        .replaceAll('{location}', 'westeurope')
        .replaceAll('{secret}', 'Replayed.Key.1');
    if (exchanges[0]?.path.endsWith('{group}') !== true || exchanges[0].method !== 'PUT') await makeGroup(server, group, exchanges);
    for (const { path, body } of worlds[source] ?? []) {
      const { first, last } = await server.client.run(
        'PUT',
        `${words(path)}?api-version=2024-05-01`,
        JSON.parse(words(JSON.stringify(body))),
      );
      expect([first.status, last?.body.status ?? first.text]).toEqual([201, 'Succeeded']);
    }
    const told: string[] = [];
    for (const recorded of exchanges) {
      const exchange = withStandardAddress(recorded, exchanges);
      const found = await replay(server, exchange, words);
      told.push(...found.map((difference) => `${exchange.method} ${short(exchange.path)}: ${difference}`));
    }
    expect(told.filter((line) => !isKnown(line)).join('\n')).toBe('');
  });
});

test('every known difference is still there', () => {
  expect(known.filter(([pattern]) => !needed.has(pattern)).map(String)).toEqual([]);
});

/** An address for a gateway is asked for as Standard, whatever was asked for then: with a Basic one Azure would refuse the gateway today. */
function withStandardAddress(exchange: Exchange, session: readonly Exchange[]): Exchange {
  const { method, path, body } = exchange;
  const isForGateway = session.some((other) => other.method === 'PUT' && other.path.includes('/virtualNetworkGateways/'));
  if (method !== 'PUT' || !path.includes('/publicIPAddresses/') || !isForGateway) return exchange;
  const { properties, ...rest } = body as { readonly properties?: { readonly [name: string]: Json } };
  return { ...exchange, body: { ...rest, sku: standardAddress.sku, properties: { ...properties, ...standardAddress.properties } } };
}

/** What a recording begins with that its preparation made. */
async function makeGroup({ client }: TestServer, group: string, exchanges: readonly Exchange[]): Promise<void> {
  const shown = exchanges.find(({ method, path }) => method === 'GET' && path.endsWith('/{group}'))?.answer as
    | { readonly tags?: unknown }
    | undefined;
  await client.send('PUT', `/subscriptions/${testSubscription}/resourceGroups/${group}?api-version=2021-04-01`, {
    body: { location: 'westeurope', ...(shown?.tags === undefined ? {} : { tags: shown.tags }) },
  });
}

async function replay({ client }: TestServer, exchange: Exchange, words: (text: string) => string): Promise<readonly string[]> {
  const url = (path: string): string => `${words(path)}${path.includes('?') ? '&' : '?'}api-version=${exchange.apiVersion}`;
  const body = exchange.body === undefined ? {} : { body: JSON.parse(words(JSON.stringify(exchange.body))) as unknown };
  const first = await client.send(exchange.method, url(exchange.path), body);
  return [
    ...(first.status === exchange.status ? [] : [`status: recorded ${exchange.status}, here ${first.status} ${first.text}`]),
    ...(exchange.headers ?? []).filter((name) => first.headers[name] === undefined).map((name) => `header ${name}: missing`),
    ...compared(exchange.answer, first, words),
    ...(exchange.ends === undefined ? [] : await endDifferences(client, exchange, first)),
    ...(exchange.result === undefined ? [] : await resultDifferences(client, exchange.result, first, words)),
  ];
}

function compared(recorded: Json | undefined, { body, text }: Answer, words: (text: string) => string): readonly string[] {
  if (recorded === undefined) return text === '' ? [] : [`answer: recorded empty, here ${text}`];
  return differences(JSON.parse(words(JSON.stringify(recorded))) as Json, body);
}

async function endDifferences(client: TestServer['client'], { ends }: Exchange, first: Answer): Promise<readonly string[]> {
  const url = first.headers['azure-asyncoperation'];
  if (url === undefined) return []; // said as a missing header
  const last = await until(
    () => client.send('GET', url),
    ({ body }) => body.status !== 'InProgress' && body.status !== 'Running' && body.status !== 'Accepted',
    { because: 'the operation ends', clock: systemClock },
  );
  return last.body.status === ends ? [] : [`operation: recorded ${ends}, here ${last.text}`];
}

async function resultDifferences(
  client: TestServer['client'],
  recorded: NonNullable<Exchange['result']>,
  first: Answer,
  words: (text: string) => string,
): Promise<readonly string[]> {
  const url = first.headers['location'];
  if (url === undefined) return []; // said as a missing header
  const last = await until(
    () => client.send('GET', url),
    ({ status }) => status !== 202,
    { because: 'there is a result', clock: systemClock },
  );
  const status = last.status === recorded.status ? [] : [`result: recorded ${recorded.status}, here ${last.status}`];
  return [...status, ...compared(recorded.answer, last, words).map((line) => `result ${line}`)];
}

function isKnown(line: string): boolean {
  const matching = known.filter(([pattern]) => pattern.test(line));
  for (const [pattern] of matching) needed.add(pattern);
  return matching.length > 0;
}

/** What is after the group. */
function short(path: string): string {
  return path.replace(/^.*\{group\}\/?(providers\/Microsoft\.Network\/)?/, '');
}
