/**
 * The lab fabric: public network, VNets, network interfaces and gateway instances as network namespaces of one host.
 * Host-wide, unlike the other engines: links join two namespaces. Keeps the contract of `../engine.ts`.
 */
import type { ApplyFailure, HostPlan } from '@sallyport/model';
import { listNamespaces } from '../../reconcile/namespace-commands.ts';
import { namespaceFile, namespaceName } from '../engine.ts';
import type { EngineContext } from '../engine.ts';
import { applyFabric } from './apply.ts';
import { diffFabric } from './diff.ts';
import { observeFabric } from './observe.ts';
import { renderFabric } from './render.ts';
import type { FabricState } from './state.ts';

export type Fabric = {
  /** @throws when namespaces can't be read at all. */
  readonly reconcile: (plan: HostPlan) => Promise<readonly ApplyFailure[]>;
  /** Namespaces a plan needs, without prefix. */
  readonly namespacesOf: (plan: HostPlan) => readonly string[];
  /** A namespace with everything in it; absent is success. */
  readonly remove: (namespace: string) => Promise<void>;
};

export function createLabFabric(context: Pick<EngineContext, 'run' | 'daemons' | 'paths'>): Fabric {
  return {
    reconcile: async (plan) => {
      const desired = renderFabric(plan);
      const { observed, unreadable } = await observeFabric(context, desired);
      const failures = desired.namespaces.flatMap((state) => {
        const reason = unreadable.get(state.namespace);
        if (reason === undefined) return [];
        return state.resources.map((resource) => ({
          resource,
          code: 'LinkFailed',
          message: `could not read ${state.namespace}: ${reason}`,
        }));
      });
      // What can't be read is left as it is; the rest goes on.
      const readable: FabricState = {
        namespaces: desired.namespaces.filter((state) => !unreadable.has(state.namespace)),
        pairs: desired.pairs.filter((pair) => !unreadable.has(pair.routerNamespace) && !unreadable.has(pair.nodeNamespace)),
      };
      return [...failures, ...(await applyFabric(context, readable, diffFabric(readable, observed)))];
    },
    namespacesOf: (plan) => renderFabric(plan).namespaces.map((state) => state.namespace),
    remove: async (namespace) => {
      if (!(await listNamespaces(context)).includes(namespace)) return;
      // A process would keep the namespace alive after its name is gone.
      await context.daemons.killWithin(namespaceFile(context.paths, namespace));
      await context.run(['ip', 'netns', 'delete', namespaceName(context.paths, namespace)]);
    },
  };
}
