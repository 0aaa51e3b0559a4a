/** Signs in with client.json and sends raw requests, so that tests see statuses and headers as they are. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { systemClock, until } from '@sallyport/runtime';
import type { ClientFile } from '../client-file.ts';

export type TestResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  /** The JSON of the body; tests know its shape. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads members of JSON it is about to assert
  readonly body: any;
};

export type SendOptions = {
  readonly body?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `null` sends none. */
  readonly token?: string | null;
};

export type TestClient = {
  readonly file: ClientFile;
  readonly token: string;
  /** `path` is a URL or begins with `/`; `?api-version=2025-05-01` is added when there is no query. */
  readonly send: (method: string, path: string, options?: SendOptions) => Promise<TestResponse>;
  /** Sends, then polls Azure-AsyncOperation to its end. Answers the first response and the last status body. */
  readonly run: (
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<{ readonly first: TestResponse; readonly last: TestResponse | undefined }>;
  readonly close: () => void;
};

export const testApiVersion = '2025-05-01';

export async function openTestClient(directory: string): Promise<TestClient> {
  const file = JSON.parse(readFileSync(join(directory, 'client.json'), 'utf8')) as ClientFile; // we wrote it
  const agent = new Agent({ keepAlive: true, ca: readFileSync(file.caFile) });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: file.clientId,
    client_secret: file.clientSecret,
    scope: `${file.endpoint}/.default`,
  });
  const signIn = await exchange(agent, 'POST', `${file.endpoint}/${file.tenantId}/oauth2/v2.0/token`, {
    text: form.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    token: null,
  });
  const token = String(signIn.body?.access_token);

  const send: TestClient['send'] = (method, path, options = {}) => {
    const url = path.startsWith('/') ? `${file.endpoint}${path}` : path;
    return exchange(agent, method, url.includes('?') ? url : `${url}?api-version=${testApiVersion}`, { token, ...options });
  };
  return {
    file,
    token,
    send,
    run: async (method, path, body) => {
      const first = await send(method, path, body === undefined ? {} : { body });
      const url = first.headers['azure-asyncoperation'];
      if (url === undefined) return { first, last: undefined };
      const isOver = (status: TestResponse): boolean => status.body.status !== 'InProgress';
      return { first, last: await until(() => send('GET', url), isOver, { because: `${method} ${path} ends`, clock: systemClock }) };
    },
    close: () => agent.destroy(),
  };
}

function exchange(agent: Agent, method: string, url: string, options: SendOptions): Promise<TestResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<TestResponse>();
  const text = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const headers = {
    ...(options.token === null ? {} : { authorization: `Bearer ${options.token ?? ''}` }),
    ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    ...options.headers,
  };
  const outgoing = request(url, { agent, method, headers }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const received = Buffer.concat(chunks).toString('utf8');
      const names = Object.entries(response.headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')] as const);
      resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(names), text: received, body: parsed(received) });
    });
  });
  outgoing.on('error', reject);
  outgoing.end(text);
  return promise;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not every answer is JSON; the test looks at `text` then
  }
}
