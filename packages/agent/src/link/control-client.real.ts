/** The control client over real mutual TLS, against a server that speaks the agent protocol; certificates by openssl(1). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { Server, ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HostObservation, PlanNumber } from '@sallyport/model';
import { systemCommands } from '@sallyport/runtime';
import { samplePlan } from '../sample-plan.ts';
import { createControlClient } from './control-client.ts';
import type { ControlLink } from './control-client.ts';

const directory = mkdtempSync(join(tmpdir(), 'sallyport-link-'));
const file = (name: string): string => join(directory, name);
const never = new AbortController().signal;
let server: Server;
let link: ControlLink;
const received: { method: string; url: string; body: string; peer: string }[] = [];

async function makeCertificate(name: string, commonName: string, ca: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', file(`${name}.key`)];
  const issuer = name === ca ? [] : ['-CA', file(`${ca}.pem`), '-CAkey', file(`${ca}.key`), '-addext', 'subjectAltName=IP:127.0.0.1'];
  const argv = ['openssl', 'req', '-x509', '-days', '2', '-subj', `/CN=${commonName}`, ...key, ...issuer, '-out', file(`${name}.pem`)];
  await systemCommands.run(argv);
}

beforeAll(async () => {
  await makeCertificate('ca', 'link test', 'ca');
  await makeCertificate('server', 'control plane', 'ca');
  await makeCertificate('host', 'host-1', 'ca');
  await makeCertificate('stranger', 'host-1', 'stranger');
  const tls: ServerOptions = {
    ca: readFileSync(file('ca.pem')),
    cert: readFileSync(file('server.pem')),
    key: readFileSync(file('server.key')),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
  };
  server = createServer(tls, (request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const url = request.url ?? '';
      const peer = 'getPeerCertificate' in request.socket ? 'certified' : 'unknown';
      received.push({ method: request.method ?? '', url, body, peer });
      const answers: readonly (readonly [string, number, unknown])[] = [
        ['/agent/v1/plan?host=host-1&after=0&', 200, { protocolVersion: 1, number: 4, plan: samplePlan([]) }],
        ['/agent/v1/plan?host=host-1&after=9&waitMs=25000&store=old', 409, { error: 'the host acts on plan 9' }],
        ['/agent/v1/plan?', 204, undefined],
        ['/agent/v1/secrets?id=a%23sharedKey&version=3', 200, { id: 'a#sharedKey', version: 3, value: 'k' }],
        ['/agent/v1/observations', 204, undefined],
      ];
      const answer = answers.find(([prefix]) => url.startsWith(prefix));
      response.writeHead(answer?.[1] ?? 404).end(answer?.[2] === undefined ? '' : JSON.stringify(answer[2]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  link = { url: `https://127.0.0.1:${port}`, caFile: file('ca.pem'), certFile: file('host.pem'), keyFile: file('host.key') };
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

test('a plan is fetched once and then only when there is a newer one', async () => {
  const client = createControlClient(link, 'host-1');
  expect(await client.fetchPlan({ number: 0 }, never)).toEqual({ number: 4, plan: samplePlan([]) });
  expect(await client.fetchPlan({ number: 4 }, never)).toBeUndefined();
  expect(received.at(-1)).toMatchObject({ method: 'GET', url: '/agent/v1/plan?host=host-1&after=4&waitMs=25000', peer: 'certified' });
  client.close();
});

test('that the held plan is none of the control plane’s comes as an error of its own, with its words', async () => {
  const client = createControlClient(link, 'host-1');
  await expect(client.fetchPlan({ number: 9, store: 'old' }, never)).rejects.toMatchObject({
    code: 'foreign-plan',
    message: 'the control plane says the host acts on plan 9',
  });
  client.close();
});

test('a secret comes by reference and does not print', async () => {
  const client = createControlClient(link, 'host-1');
  const secret = await client.fetchSecret({ id: 'a#sharedKey', version: 3 });
  expect(secret.reveal()).toBe('k');
  expect(JSON.stringify({ secret })).not.toContain('"k"');
  await expect(client.fetchSecret({ id: 'b', version: 1 })).rejects.toMatchObject({ name: 'LinkError', code: 'refused' });
  client.close();
});

test('an observation is posted whole', async () => {
  const client = createControlClient(link, 'host-1');
  const observation: HostObservation = { host: 'host-1', appliedPlan: 4 as PlanNumber, observedAt: '', failures: [], instances: [] };
  await client.postObservation(observation, never);
  expect(JSON.parse(received.at(-1)?.body ?? '')).toEqual({ protocolVersion: 1, observation });
  client.close();
});

test('a certificate of somebody else’s CA gets nothing', async () => {
  const client = createControlClient({ ...link, certFile: file('stranger.pem'), keyFile: file('stranger.key') }, 'host-1');
  const before = received.length;
  await expect(client.fetchPlan({ number: 0 }, never)).rejects.toMatchObject({ name: 'LinkError', code: 'unreachable' });
  expect(received).toHaveLength(before);
  client.close();
});

test('a control plane that is away is an error that names it, and a hung poll can be stopped', async () => {
  const away = createControlClient({ ...link, url: 'https://127.0.0.1:1' }, 'host-1');
  await expect(away.fetchPlan({ number: 0 }, never)).rejects.toThrow('could not reach the control plane at https://127.0.0.1:1');
  const stop = AbortSignal.abort();
  await expect(createControlClient(link, 'host-1').fetchPlan({ number: 0 }, stop)).rejects.toMatchObject({ name: 'LinkError' });
});
