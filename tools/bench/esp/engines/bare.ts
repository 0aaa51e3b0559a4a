/** No tunnel: the gateways route. The ceiling of this machine's veth path, and of the load makers. */
import { networks, outer } from '../topology.ts';
import type { Engine } from './engine.ts';

export const bare: Engine = {
  name: 'bare veth',
  what: 'two routers without a tunnel or encryption',
  suites: [undefined],
  start: async (topology) => {
    await topology.ip('gw-a', ['route', 'add', networks.b, 'via', outer.b]);
    await topology.ip('gw-b', ['route', 'add', networks.a, 'via', outer.a]);
    return { pids: undefined };
  },
};
