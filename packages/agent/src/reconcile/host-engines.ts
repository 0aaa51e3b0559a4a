/** Which engines a host runs, and in what order. The only place that knows all of them. */
import type { EngineContext } from '../engines/engine.ts';
import { createLabFabric } from '../engines/fabric-lab/engine.ts';
import { createFilterEngine } from '../engines/filter/engine.ts';
import { createRoutesEngine } from '../engines/routes/engine.ts';
import type { HostEngines } from './host-pass.ts';

export type IpsecChoice = 'auto' | 'kernel' | 'xfrmd';

export async function createHostEngines(
  context: EngineContext,
  choice: IpsecChoice,
): Promise<{ readonly engines: HostEngines; readonly ipsec: 'kernel' | 'xfrmd' }> {
  const ipsec = await Promise.resolve(choice === 'kernel' ? ('kernel' as const) : ('xfrmd' as const));
  const engines: HostEngines = {
    fabric: createLabFabric(context),
    steps: [
      { engine: createFilterEngine(context, () => Promise.resolve(ipsec === 'kernel')), needs: [] },
      // Last, because tunnel interfaces come and go with the engines above; its blackholes need none of them.
      { engine: createRoutesEngine(context), needs: [] },
    ],
  };
  return { engines, ipsec };
}
