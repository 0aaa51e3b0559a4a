/** Performs the actions of `diff.ts` in their order and says what the kernel refused, and to whom that matters. Decides nothing. */
import type { ApplyFailure, ResourceId } from '@sallyport/model';
import { batchLine } from '@sallyport/protocols';
import { namespaceName } from '../engine.ts';
import { loadTable } from '../marked-table.ts';
import { runBatch, writeSysctls } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import { inParallel } from '../../reconcile/in-parallel.ts';
import type { FabricActions, NamespaceActions } from './diff.ts';
import type { FabricState, PairState } from './state.ts';

const parallel = 4;

export async function applyFabric(context: CommandContext, desired: FabricState, actions: FabricActions): Promise<readonly ApplyFailure[]> {
  const failures: ApplyFailure[] = [];
  const concerned = (namespace: string): readonly ResourceId[] =>
    desired.namespaces.find((state) => state.namespace === namespace)?.resources ?? [];
  const fail = (resources: readonly ResourceId[], message: string): void =>
    void failures.push(...resources.map((resource) => ({ resource, code: 'LinkFailed', message })));

  const created = await runBatch(
    context,
    undefined,
    actions.namespaces.map((namespace) => batchLine('netns', 'add', namespaceName(context.paths, namespace))),
  );
  for (const { index, message } of created) {
    const namespace = actions.namespaces[index] ?? '';
    fail(concerned(namespace), `could not create network namespace ${namespaceName(context.paths, namespace)}: ${message}`);
  }

  await inParallel(actions.sysctls, parallel, async ({ namespace, settings }) => {
    try {
      await writeSysctls(context, namespace, settings);
    } catch (error) {
      fail(concerned(namespace), `could not set kernel parameters in ${namespace}: ${reason(error)}`);
    }
  });

  await inParallel(actions.tables, parallel, async ({ namespace, table }) => {
    try {
      await loadTable(context, namespace, table);
    } catch (error) {
      fail(concerned(namespace), `could not load the packet filter of ${namespace}: ${reason(error)}`);
    }
  });

  const runAll = async (all: readonly NamespaceActions[], isAbsenceFine: boolean): Promise<void> => {
    await inParallel(all, parallel, async ({ namespace, actions: wanted }) => {
      try {
        const lines = wanted.map((action) => action.line);
        for (const { index, line, message } of await runBatch(context, namespace, lines)) {
          const resource = wanted[index]?.resource;
          if (!(isAbsenceFine && isAbsent(message)))
            fail(resource === undefined ? concerned(namespace) : [resource], `"ip ${line}" in ${namespace}: ${message}`);
        }
      } catch (error) {
        fail(concerned(namespace), `could not change ${namespace}: ${reason(error)}`);
      }
    });
  };
  await runAll(actions.stale, true);
  const pairLines = actions.pairs.map((pair) => pairLine(context, pair));
  for (const { index, message } of await runBatch(context, undefined, pairLines)) {
    const pair = actions.pairs[index];
    if (pair !== undefined) fail([pair.resource], `could not link ${pair.nodeNamespace} to ${pair.routerNamespace}: ${message}`);
  }
  await runAll(actions.configure, false);
  await runAll(actions.surplus, true);
  return failures;
}

function pairLine({ paths }: CommandContext, pair: PairState): string {
  const [router, node] = [namespaceName(paths, pair.routerNamespace), namespaceName(paths, pair.nodeNamespace)];
  return batchLine(
    'link',
    'add',
    'name',
    pair.name,
    'index',
    pair.index,
    'netns',
    router,
    'type',
    'veth',
    'peer',
    'name',
    pair.device,
    'netns',
    node,
  );
}

/** The kernel's words for "not there": deleting one end of a pair, or an interface, takes its routes along. */
function isAbsent(message: string): boolean {
  return /Cannot find device|No such process|No such file|Cannot assign requested address/.test(message);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
