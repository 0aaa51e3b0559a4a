/**
 * Plain HTTPS client of a running fabric's ARM API, signed in as `client.json` says: for lab commands that read a few
 * resources, and for tests that look at headers. The official SDK is in sdk.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { LabError } from './fabric.ts';

/** `DIR/client.json`, written by `sallyport up` when it is ready. */
export type ClientFile = {
  readonly endpoint: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

export type ArmAnswer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: unknown };

export class ArmError extends Error {
  override readonly name = 'ArmError';
  readonly status: number;
  readonly code: string;

  constructor(what: string, status: number, code: string, message: string) {
    super(`${what}: ${code}: ${message}`);
    this.status = status;
    this.code = code;
  }
}

export const apiVersion = '2024-05-01';
const resourcesApiVersion = '2021-04-01';

export function readClientFile(dataDirectory: string): ClientFile {
  const file = join(dataDirectory, 'client.json');
  if (!existsSync(file))
    throw new LabError(`${file} is not there: \`sallyport up --data-dir ${dataDirectory}\` writes it when it is ready`);
  return JSON.parse(readFileSync(file, 'utf8')) as ClientFile; // written by us only
}

export class ArmClient implements Disposable {
  readonly file: ClientFile;
  readonly #agent: Agent;
  #token: { readonly value: string; readonly expiresAt: number } | undefined;

  constructor(file: ClientFile) {
    this.file = file;
    // Few: each connection costs a handshake, which is dearer than most answers.
    this.#agent = new Agent({ ca: readFileSync(file.caFile), keepAlive: true, maxSockets: 4 });
  }

  /** Any request, any status. `path` from the root, api-version added when it has none. */
  async send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ArmAnswer> {
    const url = new URL(path.startsWith('https:') ? path : `${this.file.endpoint}${path}`);
    if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', versionFor(url.pathname));
    const authorization = `Bearer ${await this.token()}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const type = text === undefined ? {} : { 'content-type': 'application/json' };
    return this.#exchange(url, method, { accept: 'application/json', authorization, ...type, ...headers }, text);
  }

  /** A resource, or undefined when it is not there. @throws ArmError for every other answer. */
  async get(path: string): Promise<unknown> {
    const answer = await this.send('GET', path);
    return answer.status === 404 ? undefined : expectSuccess(`GET ${path}`, answer);
  }

  async put(path: string, body: unknown): Promise<unknown> {
    return expectSuccess(`PUT ${path}`, await this.send('PUT', path, body));
  }

  async post(path: string, body?: unknown): Promise<unknown> {
    return expectSuccess(`POST ${path}`, await this.send('POST', path, body ?? {}));
  }

  async token(): Promise<string> {
    if (this.#token !== undefined && this.#token.expiresAt > performance.now()) return this.#token.value;
    const { endpoint, tenantId, clientId, clientSecret } = this.file;
    const form = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: clientSecret,
      scope: `${endpoint}/.default`,
    });
    const url = new URL(`${endpoint}/${tenantId}/oauth2/v2.0/token`);
    const answer = await this.#exchange(url, 'POST', { 'content-type': 'application/x-www-form-urlencoded' }, form.toString());
    const { access_token: value, expires_in: lifetime } = expectSuccess('signing in', answer) as {
      access_token: string;
      expires_in: number;
    };
    this.#token = { value, expiresAt: performance.now() + (lifetime - 60) * 1000 };
    return value;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  #exchange(url: URL, method: string, headers: Readonly<Record<string, string>>, body: string | undefined): Promise<ArmAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<ArmAnswer>();
    const outgoing = request(url, { method, headers, agent: this.#agent, timeout: 30_000 }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: parsed(Buffer.concat(chunks).toString()) }),
      );
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 30 s')));
    outgoing.on('error', (cause) => reject(new LabError(`${method} ${url.pathname}: no answer from ${url.origin}`, { cause })));
    outgoing.end(body);
    return promise;
  }
}

export function expectSuccess(what: string, answer: ArmAnswer): unknown {
  if (answer.status < 400) return answer.body;
  const error = member(answer.body, 'error');
  const code = textOf(member(error, 'code')) ?? textOf(error) ?? `HTTP ${answer.status}`;
  const message = textOf(member(error, 'message')) ?? textOf(member(answer.body, 'error_description')) ?? '';
  throw new ArmError(what, answer.status, code, message);
}

/** A member of what should be an object; undefined on anything else. For reading answers without trusting them. */
export function member(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Readonly<Record<string | number, unknown>>)[key] : undefined),
    value,
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function versionFor(path: string): string {
  return /\/providers\/Microsoft\.Network\//i.test(path) ? apiVersion : resourcesApiVersion;
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
