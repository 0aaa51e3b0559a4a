/** Builds the context that modules share. */
import type { ResourceRules } from '@sallyport/model';
import type { Clock, IdSource, Logger } from '@sallyport/runtime';
import { createOperations } from '../operations/operations.ts';
import type { Settings } from '../settings.ts';
import { createHistoryRequests } from '../status/history-requests.ts';
import { createLiveState } from '../status/live-state.ts';
import { createResourceIndex } from '../store/resource-index.ts';
import type { Store } from '../store/store.ts';
import type { ArmContext } from './context.ts';
import { createRulesCatalogue } from './context.ts';

export function createArmContext(options: {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly store: Store;
  readonly rules: readonly ResourceRules[];
  readonly dispatch: ArmContext['dispatch'];
  readonly diagnostics: ArmContext['diagnostics'];
  readonly dataDirectory?: string;
}): ArmContext {
  const { settings, clock, ids, log, store, dispatch, diagnostics } = options;
  const rules = createRulesCatalogue(options.rules);
  const resources = createResourceIndex(store, rules.find);
  const live = createLiveState({ store, clock });
  const publicAddressPools = settings.publicAddressPools ?? settings.publicNetworks.map(({ prefix }) => prefix);
  const ruleContext = { lookup: resources, publicAddressPools, newGuid: ids.guid };
  return {
    settings,
    clock,
    ids,
    log,
    store,
    rules,
    resources,
    live,
    histories: createHistoryRequests(live, clock),
    dispatch,
    diagnostics,
    dataDirectory: options.dataDirectory,
    operations: createOperations({ store, clock, ids }),
    ruleContext: () => ruleContext,
    viewContext: (_location, inList) => ({ ...ruleContext, observations: live.connection, inList }),
  };
}
