/**
 * An agent without a host: speaks the real protocol over real mutual TLS, applies every plan at once in memory and reports
 * tunnels as the test says (Connected by default). For tests of the API and its clients; `FakeHost` in the agent package is the
 * one that models Linux.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { agentProtocolVersion, secretReferences, wantedHistoriesHeader } from '@sallyport/model';
import type {
  ApplyFailure,
  ConnectionObservation,
  HostObservation,
  HostPlan,
  IkeHistoryEntry,
  InstancePlan,
  ObservationMessage,
  PlanMessage,
  PlanNumber,
  SecretMessage,
  TunnelPlan,
} from '@sallyport/model';
import type { Clock, Logger } from '@sallyport/runtime';
import { BackgroundTask } from '@sallyport/runtime';
import type { AgentCertificateFiles } from '../tls/certificates.ts';

export type FakeAgentOptions = {
  readonly endpoint: string;
  readonly host: string;
  readonly certificate: AgentCertificateFiles;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a plan request waits. */
  readonly waitMs?: number;
  /** Replaces parts of what a tunnel's observation says. */
  readonly connection?: (tunnel: TunnelPlan, instance: InstancePlan) => Partial<ConnectionObservation>;
  /** A tunnel's history; none is posted without it. */
  readonly history?: (connection: string) => readonly IkeHistoryEntry[];
  readonly failures?: (plan: HostPlan) => readonly ApplyFailure[];
  /** False holds a plan back: fetched, not applied. */
  readonly mayApply?: (number: PlanNumber) => boolean;
};

export type FakeAgent = AsyncDisposable & {
  readonly appliedPlan: () => number;
  readonly plan: () => HostPlan | undefined;
  /** Values of the current plan's secrets, by `<id>@<version>`. */
  readonly secrets: () => ReadonlyMap<string, string>;
  /** Reports now, again with what the options' functions now say. */
  readonly report: () => Promise<void>;
};

type Answer = { readonly status: number; readonly text: string; readonly wantedHistories: readonly string[] };

export function startFakeAgent(options: FakeAgentOptions): FakeAgent {
  const { certificate, clock, log, host } = options;
  const tls = new Agent({
    keepAlive: true,
    key: readFileSync(certificate.keyFile),
    cert: readFileSync(certificate.certFile),
    ca: readFileSync(certificate.caFile),
  });
  let fetched: PlanMessage | undefined;
  let applied: PlanMessage | undefined;
  let secrets: ReadonlyMap<string, string> = new Map();
  /** A simulated tunnel comes up once and stays. */
  const establishedAt = new Map<string, string>();

  const call = (method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> =>
    send(tls, `${options.endpoint}${path}`, method, body, signal);

  async function report(): Promise<void> {
    if (fetched !== undefined && options.mayApply?.(fetched.number) !== false) applied = fetched;
    const message: ObservationMessage = { protocolVersion: agentProtocolVersion, observation: observe() };
    const answer = await call('POST', '/agent/v1/observations', message);
    if (answer.status !== 204) throw new Error(`observation refused: ${answer.status} ${answer.text}`);
  }

  function observe(): HostObservation {
    const plan = applied?.plan;
    const observedAt = new Date(clock.now()).toISOString();
    return {
      host,
      appliedPlan: applied?.number ?? (0 as PlanNumber), // brand: before the first plan
      observedAt,
      failures: plan === undefined ? [] : (options.failures?.(plan) ?? []),
      instances: (plan?.instances ?? []).map((instance) => ({
        id: instance.id,
        state: 'Running',
        engines: [{ name: 'charon', isHealthy: true }],
        connections: instance.tunnels.map((tunnel) => ({
          ...connected(tunnel, instance, observedAt),
          lastEstablishedAt: firstSeen(`${instance.id} ${tunnel.connection}`, observedAt),
          ...options.connection?.(tunnel, instance),
        })),
      })),
    };
  }

  function firstSeen(tunnel: string, now: string): string {
    const known = establishedAt.get(tunnel) ?? now;
    establishedAt.set(tunnel, known);
    return known;
  }

  async function follow(signal: AbortSignal): Promise<void> {
    const query = `host=${host}&after=${fetched?.number ?? 0}&waitMs=${options.waitMs ?? 20_000}`;
    const answer = await call('GET', `/agent/v1/plan?${query}`, undefined, signal);
    for (const connection of options.history === undefined ? [] : answer.wantedHistories) {
      const entries = options.history?.(connection) ?? [];
      await call('POST', '/agent/v1/histories', { protocolVersion: agentProtocolVersion, connection, entries });
    }
    if (answer.status === 204) return;
    if (answer.status !== 200) throw new Error(`plan refused: ${answer.status} ${answer.text}`);
    const message = JSON.parse(answer.text) as PlanMessage; // from our own control plane
    secrets = await fetchSecrets(message.plan);
    fetched = message;
    await report();
  }

  async function fetchSecrets(plan: HostPlan): Promise<ReadonlyMap<string, string>> {
    const values = new Map<string, string>();
    for (const { id, version } of secretReferences(plan)) {
      const answer = await call('GET', `/agent/v1/secrets?id=${encodeURIComponent(id)}&version=${version}`);
      if (answer.status !== 200) throw new Error(`secret ${id} refused: ${answer.status}`);
      values.set(`${id}@${version}`, (JSON.parse(answer.text) as SecretMessage).value); // from our own control plane
    }
    return values;
  }

  const follower = new BackgroundTask({ name: `fake-agent ${host}`, periodMs: 0, clock, log, activate: follow });
  const reporter = new BackgroundTask({ name: `fake-agent ${host} report`, periodMs: 1000, clock, log, activate: report });
  follower.start();
  reporter.start();
  return {
    appliedPlan: () => applied?.number ?? 0,
    plan: () => applied?.plan,
    secrets: () => secrets,
    report,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([follower[Symbol.asyncDispose](), reporter[Symbol.asyncDispose]()]);
      tls.destroy();
    },
  };
}

function connected(tunnel: TunnelPlan, instance: InstancePlan, observedAt: string): ConnectionObservation {
  return {
    connection: tunnel.connection,
    instance: instance.id,
    observedAt,
    status: 'Connected',
    ingressBytes: 0,
    egressBytes: 0,
    ingressPackets: 0,
    egressPackets: 0,
    ikeSas: [],
  };
}

function send(tls: Agent, url: string, method: string, body: unknown, signal: AbortSignal | undefined): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const outgoing = request(
    url,
    { agent: tls, method, headers: { 'content-type': 'application/json' }, ...(signal === undefined ? {} : { signal }) },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8'),
          wantedHistories: String(response.headers[wantedHistoriesHeader] ?? '')
            .split(',')
            .flatMap((id) => (id === '' ? [] : [decodeURIComponent(id)])),
        }),
      );
    },
  );
  outgoing.on('error', reject);
  outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
