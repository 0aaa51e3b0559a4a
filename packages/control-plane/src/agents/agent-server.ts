/**
 * The agents' side door: HTTPS with client certificates of our CA, whose common name is the host. Serves each host its part of
 * the newest plan (long poll by number) and the secrets that part refers to, and takes observations.
 * Protocol: packages/model/src/plan/agent-protocol.ts.
 */
import type { TLSSocket } from 'node:tls';
import { fastify } from 'fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { agentProtocolVersion, secretReferences, wantedHistoriesHeader } from '@sallyport/model';
import type { HostPlan, PlanMessage, RefusalMessage, SecretMessage } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import type { Listen } from '../settings.ts';
import { foreignPlan } from '../status/foreign-plan.ts';
import { storeIdentity } from '../store/identity.ts';
import { getRecord, secretOfVersion } from '../store/records.ts';
import type { KeyPair } from '../tls/authority.ts';
import { parseHistoryMessage } from './history-message.ts';
import { parseObservationMessage } from './observation-message.ts';
import { createObservationKeeper } from './observation-keeper.ts';

export type AgentServer = { readonly port: number; readonly renew: (pair: KeyPair) => void; readonly close: () => Promise<void> };

/** Longest wait of a poll; proxies and NATs drop connections that are silent for longer than a minute. */
const longestWaitMs = 30_000;
const observationLimitBytes = 64 * 1024 * 1024;

export async function startAgentServer(options: {
  readonly context: ArmContext;
  readonly listen: Listen;
  readonly certificate: KeyPair;
  readonly caPem: string;
}): Promise<AgentServer> {
  const { context, certificate, caPem } = options;
  const secure = (pair: KeyPair): { key: string; cert: string; ca: string; minVersion: 'TLSv1.3' } => ({
    key: pair.keyPem,
    cert: pair.certificatePem,
    ca: caPem,
    minVersion: 'TLSv1.3',
  });
  const server = fastify({
    https: { ...secure(certificate), requestCert: true, rejectUnauthorized: true },
    logger: false,
    forceCloseConnections: true,
    bodyLimit: observationLimitBytes,
  });
  const stop = new AbortController();
  const keep = createObservationKeeper(context);

  server.addHook('preHandler', async (request, reply) => {
    if (hostOf(request, context) === undefined)
      await reply.code(403).send({ error: 'the certificate names no host of this control plane' });
  });
  server.get('/agent/v1/plan', (request, reply) => servePlan(context, stop.signal, request, reply));
  server.get('/agent/v1/secrets', (request, reply) => serveSecret(context, request, reply));
  server.post('/agent/v1/observations', async (request, reply) => {
    const parsed = parseObservationMessage(request.body);
    if (!parsed.ok) return reply.code(400).send({ error: parsed.reason });
    if (parsed.observation.host !== hostOf(request, context)) return reply.code(403).send({ error: 'an observation of another host' });
    await keep(parsed.observation, parsed.store);
    return reply.code(204).send();
  });
  server.post('/agent/v1/histories', async (request, reply) => {
    const parsed = parseHistoryMessage(request.body);
    if (!parsed.ok) return reply.code(400).send({ error: parsed.reason });
    context.histories.answer(hostOf(request, context) ?? '', parsed.connection, parsed.entries);
    return reply.code(204).send();
  });
  await server.listen({ host: options.listen.host, port: options.listen.port });
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.listen.port,
    renew: (pair) => server.server.setSecureContext(secure(pair)),
    close: async () => {
      stop.abort();
      await server.close();
    },
  };
}

/** The host a connection belongs to; undefined when it is not one of ours (any more). */
function hostOf(request: FastifyRequest, context: ArmContext): string | undefined {
  const { subject } = (request.raw.socket as TLSSocket).getPeerCertificate(); // this server speaks TLS only
  const names = [subject?.CN ?? []].flat();
  return context.settings.hosts.find(({ name }) => names.length === 1 && names[0] === name)?.name;
}

function queryOf(request: FastifyRequest, name: string): string {
  const value = (request.query as Record<string, unknown>)[name]; // fastify parses the query into an object
  return typeof value === 'string' ? value : '';
}

async function servePlan(context: ArmContext, stop: AbortSignal, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const host = hostOf(request, context) ?? '';
  if (queryOf(request, 'host') !== host) return reply.code(403).send({ error: 'a plan of another host' });
  const after = Number(queryOf(request, 'after'));
  const waitMs = Math.min(Number(queryOf(request, 'waitMs')) || 0, longestWaitMs);
  const held = { number: after, store: queryOf(request, 'store') || undefined };
  const foreign = foreignPlan(held, { number: context.live.plan()?.plan.number ?? 0, store: storeIdentity(context.store) });
  if (foreign !== undefined) {
    const refusal: RefusalMessage = { error: foreign };
    return reply.code(409).send(refusal);
  }
  const isNewer = (message: PlanMessage | undefined): boolean => message !== undefined && message.number > after;
  let wanted = context.histories.take(host);
  if (wanted.length === 0 && !isNewer(currentPlan(context, host))) {
    await nextPlan(context, stop, request, { host, waitMs });
    wanted = context.histories.take(host);
  }
  if (wanted.length > 0) reply.header(wantedHistoriesHeader, wanted.map(encodeURIComponent).join(','));
  const message = currentPlan(context, host);
  if (!isNewer(message)) return reply.code(204).send();
  // An agent remembers the number for ever and refuses lower ones: it must not see a plan that a crash can take back.
  await context.store.flushed();
  return reply.send(message);
}

type Wait = { readonly host: string; readonly waitMs: number };

/** Resolves when a plan is stored, a history is wanted, the time is up, the agent hangs up, or we stop. */
async function nextPlan(context: ArmContext, stop: AbortSignal, request: FastifyRequest, { host, waitMs }: Wait): Promise<void> {
  const wake = new AbortController();
  const abort = (): void => wake.abort();
  const unwatch = context.store.watch((committed) => {
    if (committed.some(({ change }) => change.kind === 'plan')) abort();
  });
  const unwatchHistories = context.histories.watch((asked) => asked === host && abort());
  request.raw.socket.once('close', abort);
  stop.addEventListener('abort', abort, { once: true });
  await context.clock.sleep(waitMs, wake.signal);
  unwatch();
  unwatchHistories();
  request.raw.socket.removeListener('close', abort);
  stop.removeEventListener('abort', abort);
}

function currentPlan(context: ArmContext, host: string): PlanMessage | undefined {
  const plan = context.live.plan()?.plan;
  if (plan === undefined) return undefined;
  const store = storeIdentity(context.store);
  return {
    protocolVersion: agentProtocolVersion,
    number: plan.number,
    ...(store === undefined ? {} : { store }),
    plan: plan.hosts.find((one) => one.host === host) ?? emptyPlan(host),
  };
}

function emptyPlan(host: string): HostPlan {
  return { host, publicNetworks: [], vnets: [], networkInterfaces: [], instances: [] };
}

/** Only what the host's current plan refers to, in the version it refers to. */
function serveSecret(context: ArmContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const id = queryOf(request, 'id');
  const version = Number(queryOf(request, 'version'));
  const plan = currentPlan(context, hostOf(request, context) ?? '')?.plan;
  const isWanted = plan !== undefined && secretReferences(plan).some((one) => one.id === id && one.version === version);
  const secret = isWanted ? secretOfVersion(getRecord(context.store, 'secret', id), version) : undefined;
  if (secret === undefined) return reply.code(404).send({ error: 'no such secret in the current plan of this host' });
  const message: SecretMessage = { id, version, value: secret.value };
  return reply.send(message);
}
