/** Stock strongSwan with its own userspace ESP: what a Debian user without kernel ESP gets today. */
import { connectGateways, missingFile, startCharon } from './charon.ts';
import { gcm, suites } from './engine.ts';
import type { Engine } from './engine.ts';

export const libipsec: Engine = {
  name: 'kernel-libipsec',
  what: 'Debian’s charon 5.9.8 with the kernel-libipsec plugin, ESP in UDP',
  suites,
  missing: () => missingFile('/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so', 'the plugin is not installed'),
  start: async (topology, suite) => {
    const charons = { a: await startCharon(topology, 'a', 'kernel-libipsec'), b: await startCharon(topology, 'b', 'kernel-libipsec') };
    await connectGateways(charons, suite ?? gcm, {});
    return { pids: { a: charons.a.pid, b: charons.b.pid } };
  },
};
