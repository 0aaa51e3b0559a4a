/**
 * An on-premises device for this package's real tests: stock strongSwan with its own userspace ESP (kernel-libipsec) in a
 * namespace on the fabric's public network, and a host behind it. Shares no code with the agent's data path. Test support.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { batchLine } from '@sallyport/protocols';
import { until } from '@sallyport/runtime';
import type { AgentPorts } from './agent.ts';
import { inNamespace, namespaceName } from './engines/engine.ts';
import type { HostPaths } from './engines/engine.ts';

export type StockPeer = {
  readonly name: string;
  /** `s<number>` in the public namespace. */
  readonly number: number;
  readonly address: string;
  /** `192.168.7.0/24`: the device has .1, the host behind it .10. */
  readonly network: string;
  readonly gateway: string;
  readonly key: string;
};

export function peerHost(peer: StockPeer): string {
  return `site-${peer.name}-host`;
}

/** Needs the public namespace. */
export async function startStockPeer(ports: AgentPorts, paths: HostPaths, peer: StockPeer): Promise<void> {
  const [device, host] = [`site-${peer.name}`, peerHost(peer)];
  const full = (namespace: string): string => namespaceName(paths, namespace);
  const inside = (octet: number): string => peer.network.replace(/\.0\/24$/, `.${octet}`);
  const batch = async (namespace: string | undefined, lines: readonly (readonly (string | number)[])[]): Promise<void> => {
    const argv = ['ip', '-batch', '-'];
    const input = lines.map((words) => `${batchLine(...words)}\n`).join('');
    await ports.run(namespace === undefined ? argv : inNamespace(paths, namespace, argv), { input });
  };
  const link = `s${peer.number}`;
  await batch(undefined, [
    ['netns', 'add', full(device)],
    ['netns', 'add', full(host)],
    [
      'link',
      'add',
      'name',
      link,
      'index',
      200_000 + peer.number,
      'netns',
      full('public'),
      'type',
      'veth',
      'peer',
      'name',
      'wan',
      'netns',
      full(device),
    ],
    ['link', 'add', 'name', 'lan', 'index', 200_000, 'netns', full(device), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', full(host)],
  ]);
  await batch('public', [
    ['link', 'set', 'dev', link, 'up'],
    ['route', 'add', `${peer.address}/32`, 'dev', link],
  ]);
  await batch(device, [
    ['link', 'set', 'dev', 'lo', 'up'],
    ['link', 'set', 'dev', 'wan', 'up'],
    ['address', 'add', `${peer.address}/32`, 'dev', 'wan'],
    ['route', 'add', '198.51.100.1/32', 'dev', 'wan'],
    ['route', 'add', 'default', 'via', '198.51.100.1', 'dev', 'wan'],
    ['link', 'set', 'dev', 'lan', 'up'],
    ['address', 'add', `${inside(1)}/24`, 'dev', 'lan'],
    ['route', 'add', 'unreachable', '10.0.0.0/8', 'metric', 4000],
  ]);
  await batch(host, [
    ['link', 'set', 'dev', 'eth0', 'up'],
    ['address', 'add', `${inside(10)}/24`, 'dev', 'eth0'],
    ['route', 'add', 'default', 'via', inside(1), 'dev', 'eth0'],
  ]);
  await ports.run(inNamespace(paths, device, ['sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0']));
  await startCharon(ports, paths, peer, device);
}

async function startCharon(ports: AgentPorts, paths: HostPaths, peer: StockPeer, device: string): Promise<void> {
  const folder = join(paths.runDirectory, 'peers', peer.name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const settings = join(folder, 'strongswan.conf');
  writeFileSync(settings, strongswanConf(folder), { mode: 0o600 });
  writeFileSync(join(folder, 'swanctl.conf'), swanctlConf(peer), { mode: 0o600 });
  const env = { STRONGSWAN_CONF: settings, SWANCTL_DIR: folder };
  const argv = inNamespace(paths, device, ['charon-systemd']);
  ports.daemons.start({ argv, env, logFile: join(folder, 'charon.out'), pidFile: join(folder, 'charon.pid') });
  const load = [
    'swanctl',
    '--load-all',
    '--noprompt',
    '--file',
    join(folder, 'swanctl.conf'),
    '--uri',
    `unix://${join(folder, 'vici.sock')}`,
  ];
  await until(
    () => ports.run(load, { env }),
    () => true,
    { because: `the peer loads its configuration: ${folder}`, clock: ports.clock },
  );
}

export function peerLog(paths: HostPaths, peer: StockPeer): string {
  return readFileSync(join(paths.runDirectory, 'peers', peer.name, 'charon.log'), 'utf8');
}

const plugins =
  'random nonce openssl aes sha1 sha2 md5 hmac kdf gcm pem x509 pubkey kernel-libipsec kernel-netlink socket-default vici updown';

/** Plugins are listed because libipsec must take the ESP part before kernel-netlink can. */
function strongswanConf(folder: string): string {
  return `charon-systemd {
  load_modular = no
  load = ${plugins}
  plugins {
    vici {
      socket = unix://${folder}/vici.sock
    }
  }
  filelog {
    main {
      path = ${folder}/charon.log
      flush_line = yes
      default = 1
    }
  }
  journal {
    default = -1
  }
}
`;
}

function swanctlConf(peer: StockPeer): string {
  return `connections {
  azure {
    version = 2
    local_addrs = ${peer.address}
    remote_addrs = ${peer.gateway}
    proposals = aes256-sha256-modp1024
    local {
      auth = psk
      id = ${peer.address}
    }
    remote {
      auth = psk
      id = ${peer.gateway}
    }
    children {
      net {
        local_ts = ${peer.network}
        remote_ts = 10.1.0.0/16
        esp_proposals = aes256gcm16
      }
    }
  }
}
secrets {
  ike-azure {
    secret = "${peer.key}"
    id-1 = ${peer.gateway}
  }
}
`;
}
