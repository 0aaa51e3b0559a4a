/**
 * The agent's side of `plan/agent-protocol.ts`: HTTPS with a client certificate, one request each, no state. Retries and
 * what an answer means for the host are the callers'. Certificates are read for every request, so renewed ones are taken up.
 */
import { readFileSync } from 'node:fs';
import { Agent as HttpsAgent, request } from 'node:https';
import { agentProtocolVersion, historyEntriesSent, wantedHistoriesHeader } from '@sallyport/model';
import type { HistoryMessage, HostObservation, HostPlan, IkeHistoryEntry, PlanNumber, ResourceId, SecretReference } from '@sallyport/model';
import { Secret } from '@sallyport/runtime';

export type ControlLink = {
  /** `https://127.0.0.1:8443` */
  readonly url: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
};

export type NumberedPlan = {
  readonly number: PlanNumber;
  readonly plan: HostPlan;
  /** Of the control plane's store that counted the number, where it names one. */
  readonly store?: string;
};

/** What this host holds already: number 0 is nothing. */
export type HeldPlan = { readonly number: number; readonly store?: string };

export class LinkError extends Error {
  override readonly name = 'LinkError';
  /** `foreign-plan`: the plan we hold is none of this control plane's. */
  readonly code: 'unreachable' | 'refused' | 'bad-answer' | 'foreign-plan';
  constructor(code: LinkError['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export type ControlClient = {
  /** Waits up to 25 s at the server for a plan newer than the held one; undefined when there is none. @throws LinkError */
  readonly fetchPlan: (
    held: HeldPlan,
    signal: AbortSignal,
    /** Called with connections whose history the control plane asks for. */
    onWanted?: (connections: readonly string[]) => void,
  ) => Promise<NumberedPlan | undefined>;
  /** @throws LinkError */
  readonly fetchSecret: (reference: SecretReference) => Promise<Secret>;
  /** @throws LinkError */
  readonly postObservation: (observation: HostObservation, signal: AbortSignal, store?: string) => Promise<void>;
  /** @throws LinkError */
  readonly postHistory: (connection: ResourceId, entries: readonly IkeHistoryEntry[]) => Promise<void>;
  readonly close: () => void;
};

const longPollMs = 25_000;

export function createControlClient(link: ControlLink, host: string): ControlClient {
  const connections = new HttpsAgent({ keepAlive: true, maxSockets: 8 });
  const call = (method: string, path: string, options: CallOptions = {}): Promise<Answer> => send(link, connections, method, path, options);
  return {
    fetchPlan: async (held, signal, onWanted) => {
      const ofStore = held.store === undefined ? {} : { store: held.store };
      const query = new URLSearchParams({ host, after: String(held.number), waitMs: String(longPollMs), ...ofStore });
      const options = { signal, timeoutMs: longPollMs + 15_000, okStatus: 409 };
      const answer = await call('GET', `/agent/v1/plan?${query.toString()}`, options);
      if (answer.wantedHistories.length > 0) onWanted?.(answer.wantedHistories);
      if (answer.status === 409)
        throw new LinkError('foreign-plan', `the control plane says ${String(fieldOf(parseJson(answer.body, 'the plan'), 'error'))}`);
      return answer.status === 204 ? undefined : parsePlanMessage(parseJson(answer.body, 'the plan'), host);
    },
    fetchSecret: async (reference) => {
      const query = new URLSearchParams({ id: reference.id, version: String(reference.version) });
      const { body } = await call('GET', `/agent/v1/secrets?${query.toString()}`);
      const message = parseJson(body, `secret ${reference.id}`);
      const value = fieldOf(message, 'value');
      if (typeof value !== 'string' || fieldOf(message, 'version') !== reference.version)
        throw new LinkError('bad-answer', `the control plane answered something else for secret ${reference.id}`);
      return new Secret(value);
    },
    postObservation: async (observation, signal, store) => {
      const body = JSON.stringify({ protocolVersion: agentProtocolVersion, observation, store });
      await call('POST', '/agent/v1/observations', { body, signal });
    },
    postHistory: async (connection, entries) => {
      const message: HistoryMessage = { protocolVersion: agentProtocolVersion, connection, entries: entries.slice(-historyEntriesSent) };
      await call('POST', '/agent/v1/histories', { body: JSON.stringify(message) });
    },
    close: () => connections.destroy(),
  };
}

/** @throws LinkError for a message of another version or for another host. */
export function parsePlanMessage(message: unknown, host: string): NumberedPlan {
  const [version, number, plan, store] = ['protocolVersion', 'number', 'plan', 'store'].map((key) => fieldOf(message, key));
  if (version !== agentProtocolVersion)
    throw new LinkError(
      'bad-answer',
      `the control plane speaks agent protocol ${JSON.stringify(version)}, this agent ${agentProtocolVersion}`,
    );
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 1)
    throw new LinkError('bad-answer', 'a plan without a number');
  const lists = ['publicNetworks', 'vnets', 'networkInterfaces', 'instances'];
  if (fieldOf(plan, 'host') !== host || !lists.every((key) => Array.isArray(fieldOf(plan, key))))
    throw new LinkError('bad-answer', `plan ${number} is not a plan of host ${host}`);
  const ofStore = typeof store === 'string' ? { store } : {};
  return { number: number as PlanNumber, plan: plan as HostPlan, ...ofStore }; // made by our planner, sent over mutual TLS
}

type CallOptions = {
  readonly body?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Answered to the caller like a success. */
  readonly okStatus?: number;
};
type Answer = { readonly status: number; readonly body: string; readonly wantedHistories: readonly string[] };

function send(link: ControlLink, agent: HttpsAgent, method: string, path: string, options: CallOptions): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const fail = (cause: unknown): void =>
    reject(new LinkError('unreachable', `could not reach the control plane at ${link.url}: ${messageOf(cause)}`, cause));
  try {
    const tls = { ca: readFileSync(link.caFile), cert: readFileSync(link.certFile), key: readFileSync(link.keyFile) };
    const headers = options.body === undefined ? {} : { 'content-type': 'application/json' };
    const signal = options.signal === undefined ? {} : { signal: options.signal };
    const outgoing = request(new URL(path, link.url), { method, agent, headers, ...tls, ...signal }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', fail);
      incoming.on('end', () => {
        const [status, body] = [incoming.statusCode ?? 0, Buffer.concat(chunks).toString()];
        if ((status >= 200 && status < 300) || status === options.okStatus)
          resolve({ status, body, wantedHistories: idsOf(incoming.headers[wantedHistoriesHeader]) });
        else
          reject(
            new LinkError(
              'refused',
              `the control plane answered ${status} to ${method} ${path.split('?')[0] ?? ''}: ${body.slice(0, 200)}`,
            ),
          );
      });
    });
    outgoing.setTimeout(options.timeoutMs ?? 10_000, () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', fail);
    outgoing.end(options.body);
  } catch (error) {
    fail(error);
  }
  return promise;
}

function idsOf(header: string | readonly string[] | undefined): readonly string[] {
  return (typeof header === 'string' ? header.split(',') : []).filter((id) => id !== '').map(decodeURIComponent);
}

function parseJson(body: string, what: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new LinkError('bad-answer', `the control plane's answer for ${what} is not JSON`, error);
  }
}

function fieldOf(of: unknown, key: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>)[key] : undefined; // any object can be read by key
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
