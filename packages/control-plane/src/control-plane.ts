/**
 * Composition root of the control plane: builds store, certificates, sign-in, ARM modules, tasks and the two listeners, in that
 * order, and takes them down in reverse. No decisions of its own.
 */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ResourceRules } from '@sallyport/model';
import type { Clock, IdSource, Logger } from '@sallyport/runtime';
import { BackgroundTask } from '@sallyport/runtime';
import type { AgentServer } from './agents/agent-server.ts';
import { startAgentServer } from './agents/agent-server.ts';
import type { ArmContext, ArmModuleFactory } from './arm/context.ts';
import { createDispatch } from './arm/dispatch.ts';
import type { HttpServer } from './arm/http-server.ts';
import { startHttpServer } from './arm/http-server.ts';
import { createArmContext } from './arm/create-context.ts';
import { writeClientFile } from './client-file.ts';
import { defaultPlanner, defaultResourceRules } from './defaults.ts';
import { createAuthentication } from './identity/authentication.ts';
import { createClientRegistry } from './identity/clients.ts';
import { ownClientSecret } from './identity/own-client.ts';
import { openTokenAuthority } from './identity/tokens.ts';
import { operationExpiryTask } from './operations/operations.ts';
import { groupDeletionTask } from './core/group-deletion.ts';
import { armModules, signInRoutes } from './modules.ts';
import type { Planner } from './planning/planner.ts';
import { createPlanningTask } from './planning/planning-task.ts';
import type { Listen, SettingsInput } from './settings.ts';
import { checkAddresses, parseSettings } from './settings.ts';
import { ensureStoreIdentity } from './store/identity.ts';
import { createMemoryStore } from './store/memory-store.ts';
import { sealFromKeyFile } from './store/seal.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import type { CertificateAuthority } from './tls/authority.ts';
import { openAuthority } from './tls/authority.ts';
import type { AgentCertificateFiles } from './tls/certificates.ts';
import { certificateNames, issueAgentCertificate, serverCertificate } from './tls/certificates.ts';

export type ControlPlaneOptions = {
  /** Made if missing, 0700. */
  readonly dataDirectory: string;
  /** Port 0: any free one. */
  readonly listen: Listen;
  readonly agentListen: Listen;
  /** `https://host:port` for links, when clients reach us through something that changes the Host header. */
  readonly publicBaseUrl?: string;
  readonly store: 'sqlite' | 'memory';
  readonly settings: SettingsInput;
  readonly ports: { readonly clock: Clock; readonly ids: IdSource; readonly log: Logger };
  /** Further ARM modules, and replacements of the real rules and planner in tests. */
  readonly modules?: readonly ArmModuleFactory[];
  readonly resourceRules?: readonly ResourceRules[];
  readonly planner?: Planner;
};

export type ControlPlane = AsyncDisposable & {
  /** `https://host:port` of the ARM API. */
  readonly endpoint: string;
  readonly agentEndpoint: string;
  readonly caFile: string;
  /** Key and certificate files for an agent of this host, under the data directory. */
  readonly issueAgentCertificate: (host: string) => Promise<AgentCertificateFiles>;
  readonly close: () => Promise<void>;
};

/** Resolves when both listeners answer and client.json is written. @throws SettingsError, StoreError, or the listener's error. */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const settings = parseSettings(options.settings);
  checkAddresses(options);
  const { clock, ids, log } = options.ports;
  const directory = resolve(options.dataDirectory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });

  await using started = new AsyncDisposableStack();
  const store = started.use(
    options.store === 'memory'
      ? createMemoryStore()
      : openSqliteStore({ file: join(directory, 'store.sqlite'), seal: sealFromKeyFile(join(directory, 'store.key')) }),
  );
  await ensureStoreIdentity(store);
  const authority = await openAuthority(directory, clock);
  const names = certificateNames([options.listen.host, options.agentListen.host], settings.certificateNames);
  const certificate = await serverCertificate({ directory, authority, names, clock });
  const tokens = openTokenAuthority({ keyFile: join(directory, 'identity', 'token-key.pem'), tenantId: settings.tenantId, clock, ids });
  const clientSecret = settings.clientSecret ?? (await ownClientSecret(store));
  const clients = createClientRegistry([
    { clientId: settings.clientId, clientSecret, displayName: 'sallyport' },
    ...settings.clients.map((client) => ({ displayName: client.clientId, ...client })),
  ]);

  const identity = { settings, clients, tokens, hosts: [] as string[] };
  let dispatch: ArmContext['dispatch'] = () => Promise.reject(new Error('no request can come before the routes are there'));
  let tasks: readonly BackgroundTask[] = [];
  let planError: () => string | undefined = () => undefined;
  const context = createArmContext({
    settings,
    clock,
    ids,
    log,
    store,
    rules: options.resourceRules ?? defaultResourceRules,
    dispatch: (request) => dispatch(request),
    dataDirectory: directory,
    diagnostics: { tasks: () => tasks.map((task) => task.status()), planError: () => planError() },
  });
  const planning = createPlanningTask(context, options.planner ?? defaultPlanner);
  const modules = [...armModules, ...(options.modules ?? [])].map((create) => create(context));
  planError = planning.planError;
  tasks = [planning.task, groupDeletionTask(context), operationExpiryTask(context), ...modules.flatMap((module) => module.tasks ?? [])];
  dispatch = createDispatch({
    routes: [...signInRoutes(identity), ...modules.flatMap((module) => module.routes)],
    authenticate: createAuthentication(identity),
    log,
  });

  for (const task of tasks) started.use(task).start();
  const region = settings.locations[0]?.name ?? '';
  const agents = await startAgentServer({ context, listen: options.agentListen, certificate, caPem: authority.caPem });
  started.defer(agents.close);
  const publicBaseUrl = options.publicBaseUrl?.replace(/\/+$/, '');
  const listening = { listen: options.listen, certificate, dispatch, region, clock, ids, log };
  const http = await startHttpServer({ ...listening, ...(publicBaseUrl === undefined ? {} : { publicBaseUrl }) });
  started.defer(http.close);
  const renewal = renewalTask({ directory, authority, names, clock, log, listeners: [http, agents] });
  started.use(renewal).start();

  const endpoint = publicBaseUrl ?? urlOf(options.listen, http.port);
  identity.hosts.push(...[...names.map((name) => urlOf({ host: name }, http.port)), endpoint].map((url) => new URL(url).host));
  writeClientFile(directory, {
    endpoint,
    caFile: authority.caFile,
    tenantId: settings.tenantId,
    subscriptionId: settings.subscriptions[0]?.id ?? '',
    clientId: settings.clientId,
    clientSecret,
  });
  log.info({ endpoint }, 'control plane ready');
  const stack = started.move();
  const close = (): Promise<void> => stack.disposeAsync();
  return {
    endpoint,
    agentEndpoint: urlOf(options.agentListen, agents.port),
    caFile: authority.caFile,
    issueAgentCertificate: (host) => issueAgentCertificate({ directory, authority, host, clock }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A wildcard address is no address to go to. */
function urlOf({ host }: Pick<Listen, 'host'>, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `https://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

function renewalTask(options: {
  readonly directory: string;
  readonly authority: CertificateAuthority;
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly listeners: readonly Pick<HttpServer | AgentServer, 'renew'>[];
}): BackgroundTask {
  let current: string | undefined;
  return new BackgroundTask({
    name: 'certificate-renewal',
    periodMs: 24 * 3_600_000,
    clock: options.clock,
    log: options.log,
    activate: async () => {
      const pair = await serverCertificate(options);
      if (current !== undefined && current !== pair.certificatePem) for (const listener of options.listeners) listener.renew(pair);
      current = pair.certificatePem;
    },
  });
}
