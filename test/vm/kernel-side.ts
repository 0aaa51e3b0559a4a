/**
 * The other end of the interop test, in the virtual machine: stock charon with its kernel-netlink plugin and no interfaces or if_ids,
 * as any Linux router would have it: the kernel's policies alone decide what goes into which association.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderStrongswanConf } from '@sallyport/lab';
import type { Guest } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { listAssociations, parseAssociations } from './kernel-tables.ts';
import type { Association } from './kernel-tables.ts';
import { ikeProposal, ours, sharedKey, suites } from './suites.ts';
import type { Numbered } from './suites.ts';

const directory = '/tmp/peer';

/** Addresses, charon, one connection per suite. It waits for the other end. */
export async function startKernelSide(guest: Guest): Promise<void> {
  const addresses = suites.flatMap(({ outside, peer, mode, peerInside }) => [
    `address add ${peer}/${outside === 4 ? '24' : '64 nodad'} dev eth0`.replace(' nodad dev eth0', ' dev eth0 nodad'),
    ...(mode === 'transport' ? [] : peerInside.map((address) => `address add ${address} dev lo`)),
  ]);
  await guest.run(['ip', '-batch', '-'], { input: `${['link set eth0 up', ...addresses].join('\n')}\n` });
  writeFileSync(join(guest.shared, 'strongswan.conf'), renderStrongswanConf(directory).replace('kernel-libipsec ', ''));
  writeFileSync(join(guest.shared, 'swanctl.conf'), swanctlConf(), { mode: 0o600 });
  await guest.run(['mkdir', directory]);
  await guest.run(['sh', '-c', 'setsid charon-systemd > "$0/out" 2>&1 &', directory], { env: environment(guest) });
  const version = (): Promise<unknown> => swanctl(guest, '--version');
  await until(version, () => true, { because: 'charon in the virtual machine answers', clock: systemClock, timeoutMs: 120_000 });
  await swanctl(guest, '--load-all', '--noprompt', '--file', `${guest.sharedInGuest}/swanctl.conf`);
}

/** swanctl(8) in the guest. */
export async function swanctl(guest: Guest, ...args: readonly string[]): Promise<string> {
  const argv = ['swanctl', ...args, '--uri', `unix://${directory}/vici.sock`];
  return (await guest.run(argv, { env: environment(guest), timeoutMs: 120_000 })).stdout;
}

export async function kernelAssociations(guest: Guest): Promise<readonly Association[]> {
  return parseAssociations((await guest.run(listAssociations)).stdout);
}

/** The last of charon's log, for a person. */
export async function kernelSideLog(guest: Guest): Promise<string> {
  return (await guest.run(['tail', '-n', '40', `${directory}/charon.log`], { okCodes: [0, 1] })).stdout;
}

function environment(guest: Guest): Readonly<Record<string, string>> {
  return { STRONGSWAN_CONF: `${guest.sharedInGuest}/strongswan.conf`, SWANCTL_DIR: directory };
}

function swanctlConf(): string {
  return `connections {
${suites.map(connection).join('')}}
secrets {
  ike-all {
    secret = "${sharedKey}"
  }
}
`;
}

function connection({ name, peer, outside, wire, esp, mode, peerNetworks, ourInside }: Numbered): string {
  return `  ${name} {
    version = 2
    local_addrs = ${peer}
    remote_addrs = ${ours[outside]}
    proposals = ${ikeProposal}
    encap = ${wire === 'udp' ? 'yes' : 'no'}
    mobike = no
    local {
      auth = psk
      id = ${peer}
    }
    remote {
      auth = psk
      id = ${ours[outside]}
    }
    children {
      ${name} {
        mode = ${mode}
        esp_proposals = ${esp}
        local_ts = ${peerNetworks.join(', ')}
        remote_ts = ${(mode === 'transport' ? ourInside : ours.networks).join(', ')}
      }
    }
  }
`;
}
