/** Routes into the tunnels of one gateway instance; see `render.ts`. They go with their namespace. */
import { readNamespace, runBatch } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import type { InstanceEngine } from '../engine.ts';
import { diffTunnelRoutes } from './diff.ts';
import { renderTunnelRoutes, tunnelDevices } from './render.ts';

export function createRoutesEngine(context: CommandContext): InstanceEngine {
  return {
    name: 'routes',
    reconcile: async (instance) => {
      const { reading } = await readNamespace(context, instance.namespace);
      const actions = diffTunnelRoutes(renderTunnelRoutes(instance, tunnelDevices(reading)), reading);
      const failed = await runBatch(
        context,
        instance.namespace,
        actions.map((action) => action.line),
      );
      return failed.flatMap(({ index, line, message }) =>
        // A route that went with its interface needs no deleting.
        /No such process|Cannot find device/.test(message) && actions[index]?.connection === undefined
          ? []
          : [{ resource: actions[index]?.connection ?? instance.gateway, code: 'RouteFailed', message: `"ip ${line}" failed: ${message}` }],
      );
    },
    observe: () => Promise.resolve({ engines: [], connections: [] }),
    remove: () => Promise.resolve(),
  };
}
