/** Which engines a host runs, and in what order. The only place that knows all of them. */
import type { EngineContext, InstanceEngine } from '../engines/engine.ts';
import { createLabFabric } from '../engines/fabric-lab/engine.ts';
import { createFilterEngine } from '../engines/filter/engine.ts';
import { charonFiles } from '../engines/ike/charon.ts';
import { createIkeEngine } from '../engines/ike/engine.ts';
import { resolveBy, resolveByHost } from '../engines/ike/name-servers.ts';
import { createRoutesEngine } from '../engines/routes/engine.ts';
import { createKernelXfrm } from '../engines/xfrm/kernel.ts';
import { probeKernel } from '../engines/xfrm/probe.ts';
import type { XfrmEngine } from '../engines/xfrm/xfrm-engine.ts';
import { createXfrmdEngine } from '../engines/xfrm/xfrmd.ts';
import type { HostEngines } from './host-pass.ts';

export type IpsecChoice = 'auto' | 'kernel' | 'xfrmd';

export type CreatedEngines = HostEngines & { readonly ipsec: XfrmEngine['kind'] } & AsyncDisposable;

/** Disposing lets go of daemons and leaves them running. @throws CommandError when `auto` can't even try the kernel. */
export async function createHostEngines(
  context: EngineContext,
  choice: IpsecChoice,
  nameServers: readonly string[] = [],
): Promise<CreatedEngines> {
  const xfrm = await chooseXfrm(context, choice);
  const resolve = nameServers.length === 0 ? resolveByHost : resolveBy(nameServers);
  const ike = createIkeEngine(context, { variant: xfrm.kind, xfrm: { env: xfrm.charonEnvironment }, resolve });
  return {
    ipsec: xfrm.kind,
    fabric: createLabFabric(context),
    steps: [
      { engine: createFilterEngine(context, xfrm.leavesMssToFilter), needs: [] },
      { engine: xfrm, needs: [] },
      // A charon without its XFRM would use another one; without the filter its tunnels would have a way around.
      { engine: ike, needs: ['filter', 'xfrm'] },
      { engine: verification(xfrm), needs: ['ike'] },
      // Tunnel interfaces come and go with XFRM; its blackholes need none of the others.
      { engine: createRoutesEngine(context), needs: [], follows: ['xfrm'] },
    ],
    [Symbol.asyncDispose]: () => ike[Symbol.asyncDispose](),
  };
}

async function chooseXfrm(context: EngineContext, choice: IpsecChoice): Promise<XfrmEngine> {
  if (choice === 'kernel') return createKernelXfrm(context);
  const probe = choice === 'auto' ? await probeKernel(context) : undefined;
  if (probe?.canCarry === true) return createKernelXfrm(context);
  if (probe !== undefined) context.log.info({ reason: probe.reason }, 'tunnels are carried by xfrmd');
  return createXfrmdEngine(context, { charonPidFile: (namespace) => charonFiles(context.paths, namespace).pidFile });
}

/** Runs after charon's start: see `XfrmEngine.verify`. */
function verification(xfrm: XfrmEngine): InstanceEngine {
  return {
    name: 'xfrm check',
    reconcile: xfrm.verify,
    observe: () => Promise.resolve({ engines: [], connections: [] }),
    remove: () => Promise.resolve(),
  };
}
