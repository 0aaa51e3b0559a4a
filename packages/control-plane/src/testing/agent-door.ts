/** One request at the agents' door with a host's certificate, as an agent sends it: for tests of what the door answers. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { TestServer } from './test-server.ts';

export async function callAgentDoor(
  { controlPlane }: Pick<TestServer, 'controlPlane'>,
  host: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly text: string }> {
  const files = await controlPlane.issueAgentCertificate(host);
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const tls = { key: readFileSync(files.keyFile), cert: readFileSync(files.certFile), ca: readFileSync(files.caFile) };
  const outgoing = request(
    `${controlPlane.agentEndpoint}${path}`,
    { method, agent: false, ...tls, headers: { 'content-type': 'application/json' } },
    (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    },
  );
  outgoing.on('error', reject);
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
