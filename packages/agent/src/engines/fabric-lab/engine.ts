/**
 * The lab fabric: public network, VNets, network interfaces and gateway instances as network namespaces of one host.
 * Host-wide, unlike the other engines: links join two namespaces. Keeps the contract of `../engine.ts`.
 */
import type { ApplyFailure, HostPlan } from '@sallyport/model';
import { listNamespaces } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import { namespaceName } from '../engine.ts';
import { applyFabric } from './apply.ts';
import { diffFabric } from './diff.ts';
import { observeFabric } from './observe.ts';
import { renderFabric } from './render.ts';

export type Fabric = {
  /** @throws when namespaces can't be read at all. */
  readonly reconcile: (plan: HostPlan) => Promise<readonly ApplyFailure[]>;
  /** Namespaces a plan needs, without prefix. */
  readonly namespacesOf: (plan: HostPlan) => readonly string[];
  /** A namespace with everything in it; absent is success. */
  readonly remove: (namespace: string) => Promise<void>;
};

export function createLabFabric(context: CommandContext): Fabric {
  return {
    reconcile: async (plan) => {
      const desired = renderFabric(plan);
      return applyFabric(context, desired, diffFabric(desired, await observeFabric(context, desired)));
    },
    namespacesOf: (plan) => renderFabric(plan).namespaces.map((state) => state.namespace),
    remove: async (namespace) => {
      if (!(await listNamespaces(context)).includes(namespace)) return;
      await context.run(['ip', 'netns', 'delete', namespaceName(context.paths, namespace)]);
    },
  };
}
