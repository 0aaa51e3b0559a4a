/** Unmodified charons on the gateways for both IPsec engines: the same daemon and settings, only the ESP part differs. */
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSession } from '@sallyport/protocols';
import type { ViciInput, ViciSession } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { ends, networks, otherEnd, outer } from '../topology.ts';
import type { End, Topology } from '../topology.ts';
import type { Suite } from './engine.ts';

export type Charon = { readonly pid: number; readonly vici: ViciSession };
export const charonName = 'charon';
const connection = 'bench';

export async function startCharon(
  topology: Topology,
  end: End,
  esp: 'kernel-libipsec' | 'xfrmd',
  env: Readonly<Record<string, string>> = {},
): Promise<Charon> {
  const socket = join(topology.directory, `charon-${end}.vici`);
  const settings = join(topology.directory, `charon-${end}.conf`);
  writeFileSync(settings, renderSettings(socket, esp), { mode: 0o600 });
  const pid = topology.start(`gw-${end}`, `${charonName}-${end}`, ['charon-systemd'], { STRONGSWAN_CONF: settings, ...env });
  const vici = await until(
    () => openSession(socket, { clock: systemClock }),
    () => true,
    { because: `charon of gateway ${end} answers`, clock: systemClock, timeoutMs: 10_000 },
  );
  return { pid, vici };
}

/** libipsec must be asked before kernel-netlink; xfrmd's charon speaks kernel-netlink to the shim. */
function renderSettings(socket: string, esp: 'kernel-libipsec' | 'xfrmd'): string {
  const isLibipsec = esp === 'kernel-libipsec';
  return `charon-systemd {
  load_modular = no
  load = random nonce openssl kdf hmac aes sha1 sha2 gmp ${isLibipsec ? 'kernel-libipsec ' : ''}kernel-netlink socket-default vici
  install_routes = ${isLibipsec ? 'yes' : 'no'}
  threads = 16
  # Set-ups per second are measured, not the defence against floods: it would hold back more than five at once from one address.
  dos_protection = no
  ikesa_table_size = 1024
  ikesa_table_segments = 4
  journal {
    default = -1
  }
  plugins {
    vici {
      socket = unix://${socket}
    }
  }
}
`;
}

/** One tunnel between the two networks, brought up by end a. `ifId` when the ESP part knows interfaces. */
export async function connectGateways(
  charons: Readonly<Record<End, Charon>>,
  suite: Suite,
  options: { readonly ifId?: number },
): Promise<void> {
  const key = randomBytes(24);
  for (const end of ends) {
    const child: ViciInput = {
      esp_proposals: [suite.proposal],
      local_ts: [networks[end]],
      remote_ts: [networks[otherEnd[end]]],
      ...(options.ifId === undefined ? {} : { if_id_in: `${options.ifId}`, if_id_out: `${options.ifId}` }),
    };
    await charons[end].vici.loadConnection(connection, {
      version: '2',
      local_addrs: [outer[end]],
      remote_addrs: [outer[otherEnd[end]]],
      proposals: ['aes256-sha256-ecp256'],
      encap: 'yes',
      local: { auth: 'psk', id: outer[end] },
      remote: { auth: 'psk', id: outer[otherEnd[end]] },
      children: { [connection]: child },
    });
    await charons[end].vici.loadShared({ id: connection, key, owners: [outer.a, outer.b] });
  }
  await charons.a.vici.initiate({ ike: connection, child: connection, timeoutMs: 10_000 });
}

export function missingFile(path: string, what: string): string | undefined {
  return existsSync(path) ? undefined : what;
}
