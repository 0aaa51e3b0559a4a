/** Bytes no client library sends: what the HTTP side refuses, in ARM's shape, and what it still understands. */
import { once } from 'node:events';
import { connect as connectPlainly } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomIds, silentLogger, systemClock } from '@sallyport/runtime';
import { fixtureRules } from '../testing/fixture-rules.ts';
import { fixturePlanner } from '../testing/fixture-planner.ts';
import { startTestServer, testSubscription, type TestServer } from '../testing/test-server.ts';
import { openAuthority } from '../tls/authority.ts';
import { connectionLimit } from './connection-limit.ts';
import { startHttpServer } from './http-server.ts';
import type { HttpServer, HttpServerOptions } from './http-server.ts';

let server: TestServer;
const group = `/subscriptions/${testSubscription}/resourceGroups/raw`;
const note = `${group}/providers/Microsoft.Network/notes/n`;
const version = '?api-version=2025-05-01';

beforeAll(async () => {
  server = await startTestServer({ resourceRules: fixtureRules, planner: fixturePlanner, store: 'memory' });
  await server.client.send('PUT', group, { body: { location: 'westeurope' } });
});
afterAll(() => server.stop());

/** Sends the text as it is and answers all that comes back until the server closes. */
function exchange(port: number, text: string, options: ConnectionOptions = {}): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => socket.write(text));
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString()));
  socket.on('close', () => resolve(received));
  socket.on('error', reject);
  return promise;
}

const request = (line: string, ...headers: readonly string[]): string =>
  [line, 'Connection: close', `Authorization: Bearer ${server.client.token}`, ...headers, '', ''].join('\r\n');

async function answerTo(text: string): Promise<readonly [status: number, code: string]> {
  const { port } = new URL(server.controlPlane.endpoint);
  const received = await exchange(Number(port), text);
  const body = received.slice(received.indexOf('\r\n\r\n') + 4);
  return [Number(/^HTTP\/1\.1 (\d+)/.exec(received)?.[1]), (JSON.parse(body) as { error?: { code?: string } }).error?.code ?? ''];
}

const own = (): string => `Host: ${new URL(server.controlPlane.endpoint).host}`;

test.each([
  ['an escaped slash in a name, which would be two segments of an id', () => request(`PUT ${note}%2Fx${version} HTTP/1.1`, own()), 400],
  [
    'an escaped path to elsewhere',
    () => request(`GET ${group}/providers/Microsoft.Network/notes/..%2f..%2fetc${version} HTTP/1.1`, own()),
    400,
  ],
  ['a method nobody knows', () => request(`BREW ${note} HTTP/1.1`, own()), 405],
  ['a body with two lengths', () => request(`PUT ${note} HTTP/1.1`, own(), 'Content-Length: 3', 'Transfer-Encoding: chunked'), 400],
  ['an expectation nobody meets', () => request(`GET ${note}${version} HTTP/1.1`, own(), 'Expect: 200-maybe'), 417],
  [
    'a body in an encoding',
    () => `${request(`PUT ${note}${version} HTTP/1.1`, own(), 'Content-Encoding: gzip', 'Content-Length: 2')}{}`,
    415,
  ],
  ['headers without end', () => request(`GET ${note}${version} HTTP/1.1`, own(), `X: ${'x'.repeat(20_000)}`), 431],
] as const)('%s is refused with an ARM error', async (_name, text, status) => {
  const [found, code] = await answerTo(text());
  expect(found).toBe(status);
  expect(code).not.toBe('');
});

test('a client of HTTP/1.0 is answered, also when it offers nothing else', async () => {
  const { port } = new URL(server.controlPlane.endpoint);
  const received = await exchange(Number(port), request(`GET ${group}${version} HTTP/1.0`), { ALPNProtocols: ['http/1.0'] });
  expect(received).toMatch(/^HTTP\/1\.1 200 [^]*"provisioningState":"Succeeded"/);
});

test('the absolute form of a request is understood', async () => {
  expect(await answerTo(request(`GET https://elsewhere.example${note}${version} HTTP/1.1`, own()))).toEqual([404, 'ResourceNotFound']);
});

test.each([
  ['objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
  ['arrays', `${'['.repeat(10_000)}${']'.repeat(10_000)}`],
])('a body of ten thousand nested %s is refused, not recursed into', async (_name, deep) => {
  const answer = await server.client.send('PUT', note, { text: `{"location":"westeurope","properties":{"text":${deep}}}` });
  expect([answer.status, answer.body.error.code]).toEqual([400, 'InvalidRequestContent']);
  expect((await server.client.send('GET', note)).status).toBe(404);
});

test('a token opens the API under every name of the server, whichever it was asked for', async () => {
  const { port } = new URL(server.controlPlane.endpoint);
  const { status } = await server.client.send('GET', group, { headers: { host: `localhost:${port}` } });
  expect(status).toBe(200);
});

test('TLS 1.2 with authenticated encryption is spoken, TLS 1.1 and CBC are not', async () => {
  const { hostname, port } = new URL(server.controlPlane.endpoint);
  const shake = (options: object): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ...options }, () => {
      resolve(`${socket.getProtocol() ?? ''} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.on('error', () => resolve('refused'));
    return promise;
  };
  const weak = '@SECLEVEL=0';
  expect(await shake({ maxVersion: 'TLSv1.2' })).toBe('TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256');
  expect(await shake({ maxVersion: 'TLSv1.2', ciphers: `ECDHE-ECDSA-AES256-SHA384:ECDHE-ECDSA-AES128-SHA:${weak}` })).toBe('refused');
  expect(await shake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: `ALL:${weak}` })).toBe('refused');
});

/** Beside the test server, with limits of its own. */
async function startOwn(options: Partial<HttpServerOptions>): Promise<HttpServer> {
  const authority = await openAuthority(server.directory, systemClock);
  return startHttpServer({
    listen: { host: '127.0.0.1', port: 0 },
    certificate: await authority.issue({ commonName: 'own', names: [], addresses: ['127.0.0.1'], days: 1, usage: 'server' }),
    dispatch: () => Promise.reject(new Error('nothing to answer')),
    region: 'westeurope',
    clock: systemClock,
    ids: randomIds,
    log: silentLogger,
    ...options,
  });
}

test('a request that does not end is answered 408 and its connection closed', async () => {
  const http = await startOwn({ requestTimeoutMs: 200 });
  try {
    const received = await exchange(http.port, 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow');
    expect(received).toMatch(/^HTTP\/1\.1 408 [^]*"RequestTimeout"/);
  } finally {
    await http.close();
  }
});

test('who connects and says nothing is hung up on, and keeps no more connections than the limit until then', async () => {
  const http = await startOwn({ handshakeTimeoutMs: 200, connectionLimit: 2 });
  try {
    const closed = Array.from({ length: 4 }, () => once(connectPlainly(http.port, '127.0.0.1').resume(), 'close'));
    await Promise.all(closed);
    const received = await exchange(http.port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(received).toMatch(/^HTTP\/1\.1 500 /);
  } finally {
    await http.close();
  }
});

test('connections leave files for everything else', () => {
  const limits = (files: string): string =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${files} files`;
  expect([connectionLimit(limits('1024      1024')), connectionLimit(limits('80     80'))]).toEqual([768, 40]);
});
