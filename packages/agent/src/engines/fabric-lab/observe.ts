/** Reads the planned namespaces of the lab fabric: two processes each. Not the orphans: those are known by their run folders. */
import { listNamespaces, readNamespace, readSysctls } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import { inParallel } from '../../reconcile/in-parallel.ts';
import type { ObservedFabric } from './diff.ts';
import type { FabricState } from './render.ts';

export async function observeFabric(context: CommandContext, desired: FabricState): Promise<ObservedFabric> {
  const present = new Set(await listNamespaces(context));
  const states = desired.namespaces.filter((state) => present.has(state.namespace));
  const readings = await inParallel(states, 4, async ({ namespace, sysctls }) => {
    const [reading, values] = await Promise.all([readNamespace(context, namespace), readSysctls(context, namespace, Object.keys(sysctls))]);
    return [namespace, { reading, sysctls: values }] as const;
  });
  return new Map(readings);
}
