/**
 * What routes are built from: a module is a function from this context to routes. Template deployments, resources,
 * subscriptions and sign-in are modules alike; they reach each other only through `dispatch` and the store.
 */
import type { ResourceRules, RuleContext, ViewContext } from '@sallyport/model';
import type { BackgroundTask, Clock, IdSource, Logger, TaskStatus } from '@sallyport/runtime';
import type { Operations } from '../operations/operations.ts';
import type { Settings } from '../settings.ts';
import type { ResourceIndex } from '../store/resource-index.ts';
import type { Store } from '../store/store.ts';
import type { HistoryRequests } from '../status/history-requests.ts';
import type { LiveState } from '../status/live-state.ts';
import type { ArmRequest, ArmResponse } from './message.ts';
import type { ArmRoute } from './router.ts';

export type ArmContext = {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly store: Store;
  readonly resources: ResourceIndex;
  readonly rules: RulesCatalogue;
  readonly operations: Operations;
  /** Newest observations and plan report, joined to GETs. */
  readonly live: LiveState;
  /** Histories of tunnels, asked of their hosts. */
  readonly histories: HistoryRequests;
  readonly diagnostics: Diagnostics;
  /** For files that a user asked for; undefined where nothing may be written. */
  readonly dataDirectory: string | undefined;
  readonly ruleContext: (location: string) => RuleContext;
  readonly viewContext: (location: string, isInList: boolean) => ViewContext;
  /**
   * Answers a request inside the process exactly as over HTTP, errors included (as answers, never thrown). A deployment PUTs
   * its resources so: pass the caller's `principal`, `baseUrl` and `correlationId` on; `operationId` in the answer says what
   * to wait for.
   */
  readonly dispatch: (request: ArmRequest) => Promise<ArmResponse>;
};

/** What the parts that run in the background say of themselves. */
export type Diagnostics = {
  readonly tasks: () => readonly TaskStatus[];
  /** Why the newest plan contradicts itself and was not stored. */
  readonly planError: () => string | undefined;
};

export type RulesCatalogue = {
  readonly all: readonly ResourceRules[];
  /** By `Microsoft.Network/virtualNetworks`, ignoring case. */
  readonly find: (type: string) => ResourceRules | undefined;
};

export type ArmModule = {
  readonly routes: readonly ArmRoute[];
  /** Started with the server, stopped before the store closes. */
  readonly tasks?: readonly BackgroundTask[];
};

export type ArmModuleFactory = (context: ArmContext) => ArmModule;

export function createRulesCatalogue(all: readonly ResourceRules[]): RulesCatalogue {
  const byType = new Map(all.map((rules) => [rules.type.toLowerCase(), rules]));
  return { all, find: (type) => byType.get(type.toLowerCase()) };
}
