/** ESP in the kernel: XFRM interfaces. charon needs nothing special, and raw ESP passes. Interfaces go with their namespace. */
import type { EngineObservation } from '@sallyport/model';
import { readNamespace, runBatch } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import { diffXfrmInterfaces } from './kernel-diff.ts';
import type { XfrmEngine } from './xfrm-engine.ts';

export function createKernelXfrm(context: CommandContext): XfrmEngine {
  /** What the last pass found, for observations between passes. */
  const views = new Map<string, EngineObservation>();
  return {
    name: 'xfrm',
    kind: 'kernel',
    leavesMssToFilter: true,
    charonEnvironment: () => ({}),
    verify: () => Promise.resolve([]),
    reconcile: async (instance) => {
      const actions = diffXfrmInterfaces(instance, (await readNamespace(context, instance.namespace)).reading);
      const refused = await runBatch(
        context,
        instance.namespace,
        actions.map((action) => action.line),
      );
      const detail = refused[0] === undefined ? undefined : `"ip ${refused[0].line}": ${refused[0].message}`;
      views.set(instance.namespace, { name: 'kernel-xfrm', isHealthy: detail === undefined, ...(detail === undefined ? {} : { detail }) });
      return refused.map(({ index, line, message }) => ({
        resource: actions[index]?.connection ?? instance.gateway,
        code: 'TunnelInterfaceFailed',
        message: `could not make a tunnel interface: "ip ${line}": ${message}`,
      }));
    },
    observe: (instance) => {
      const view = views.get(instance.namespace);
      return Promise.resolve({ engines: view === undefined ? [] : [view], connections: [] });
    },
    remove: (namespace) => {
      views.delete(namespace);
      return Promise.resolve();
    },
  };
}
