/** wireguard-go, WireGuard in user space. The kernel's is not on every host that lacks ESP; this one runs anywhere. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemCommands, until } from '@sallyport/runtime';
import { ends, innerMtu, networks, otherEnd, outer } from '../topology.ts';
import type { End, Topology } from '../topology.ts';
import { missingFile } from './charon.ts';
import type { Engine } from './engine.ts';

const port = 51820;

/** Unique on the machine: its control socket lies in /var/run/wireguard under this name, whatever the namespace. At most 15 characters. */
function interfaceName(end: End): string {
  return `wg${end}${process.pid}`;
}

async function makeKey(topology: Topology, end: End): Promise<{ readonly file: string; readonly publicKey: string }> {
  const file = join(topology.directory, `wireguard-${end}.key`);
  const { stdout: key } = await systemCommands.run(['wg', 'genkey']);
  writeFileSync(file, key, { mode: 0o600 });
  return { file, publicKey: (await systemCommands.run(['wg', 'pubkey'], { input: key })).stdout.trim() };
}

export const wireguard: Engine = {
  name: 'wireguard-go',
  what: 'Debian’s wireguard-go 0.0.20220316, ChaCha20-Poly1305 (WireGuard has no AES); before its releases with GSO and GRO',
  suites: [undefined],
  missing: () =>
    missingFile('/usr/bin/wireguard-go', 'the package wireguard-go is not installed') ??
    missingFile('/usr/bin/wg', 'the package wireguard-tools is not installed'),
  start: async (topology) => {
    const keys = { a: await makeKey(topology, 'a'), b: await makeKey(topology, 'b') };
    const pids = { a: 0, b: 0 };
    for (const end of ends) {
      const name = interfaceName(end);
      pids[end] = topology.start(`gw-${end}`, `wireguard-${end}`, ['wireguard-go', '-f', name]);
      const peer = [
        'peer',
        keys[otherEnd[end]].publicKey,
        'endpoint',
        `${outer[otherEnd[end]]}:${port}`,
        'allowed-ips',
        networks[otherEnd[end]],
      ];
      await until(
        () => systemCommands.run(['wg', 'show', name]),
        () => true,
        { because: `wireguard-go of gateway ${end} answers`, clock: systemClock, timeoutMs: 10_000 },
      );
      await systemCommands.run(['wg', 'set', name, 'listen-port', `${port}`, 'private-key', keys[end].file, ...peer]);
      await topology.ip(`gw-${end}`, ['link', 'set', name, 'mtu', innerMtu, 'up'], ['route', 'add', networks[otherEnd[end]], 'dev', name]);
    }
    return { pids };
  },
};
