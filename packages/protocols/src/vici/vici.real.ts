/** The contract on an unmodified charon-systemd in a namespace, with another as its peer. Needs root. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, systemCommands, systemDaemons, until } from '@sallyport/runtime';
import { openSession, type ViciSession } from './session.ts';
import { contractKey, viciContract, type ContractHost } from './vici.contract.ts';

const run = systemCommands.run;
const daemons = systemDaemons(systemClock);
const addresses = { ours: '198.51.100.10', peers: '198.51.100.20' };

viciContract('charon', async (): Promise<ContractHost> => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-vici-'));
  const namespaces = ['ours', 'peers'].map((name) => `sp-vici${process.pid}-${name}`);
  const dispose = async (): Promise<void> => {
    for (const name of ['ours', 'peers']) await daemons.stop(join(directory, `${name}.pid`));
    for (const namespace of namespaces) await run(['ip', 'netns', 'delete', namespace], { okCodes: [0, 1] });
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const [ours = '', peers = ''] = namespaces;
    for (const namespace of namespaces) await run(['ip', 'netns', 'add', namespace]);
    await run(['ip', 'link', 'add', 'public', 'netns', ours, 'type', 'veth', 'peer', 'name', 'public', 'netns', peers]);
    for (const [namespace, address] of [
      [ours, addresses.ours],
      [peers, addresses.peers],
    ] as const) {
      await run(['ip', '-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'public']);
      await run(['ip', '-n', namespace, 'link', 'set', 'public', 'up']);
    }
    await startCharon(directory, 'ours', ours);
    const peer = await startCharon(directory, 'peers', peers);
    return {
      socketPath: join(directory, 'ours.vici'),
      localAddress: addresses.ours,
      remoteAddress: addresses.peers,
      setPeer: (answer) => setPeer(peer, peers, answer),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
});

async function startCharon(directory: string, name: string, namespace: string): Promise<ViciSession> {
  const socket = join(directory, `${name}.vici`);
  const settings = join(directory, `${name}.conf`);
  writeFileSync(
    settings,
    `charon-systemd {
  load_modular = no
  load = random nonce openssl kdf kernel-libipsec kernel-netlink socket-default vici
  install_routes = no
  journal {
    default = -1
  }
  plugins {
    vici {
      socket = unix://${socket}
    }
  }
}
`,
  );
  daemons.start({
    argv: ['nsenter', `--net=/run/netns/${namespace}`, '--', 'charon-systemd'],
    env: { STRONGSWAN_CONF: settings },
    logFile: join(directory, `${name}.log`),
    pidFile: join(directory, `${name}.pid`),
  });
  return until(
    () => openSession(socket, { clock: systemClock }),
    () => true,
    { because: `charon ${name} answers`, clock: systemClock },
  );
}

/** Silent: its leg is down. */
async function setPeer(peer: ViciSession, namespace: string, answer: 'accepts' | 'silent' | 'wrong-key'): Promise<void> {
  await run(['ip', '-n', namespace, 'link', 'set', 'public', answer === 'silent' ? 'down' : 'up']);
  await peer.terminate({ ike: 'gw', force: true, timeoutMs: 0 });
  await peer.loadConnection('gw', {
    version: '2',
    local_addrs: [addresses.peers],
    remote_addrs: [addresses.ours],
    proposals: ['aes256-sha256-modp1024'],
    local: { auth: 'psk', id: addresses.peers },
    remote: { auth: 'psk', id: addresses.ours },
    children: { net: { esp_proposals: ['aes256gcm16'], local_ts: ['0.0.0.0/0'], remote_ts: ['0.0.0.0/0'] } },
  });
  const key = answer === 'wrong-key' ? 'Another.Key' : contractKey;
  await peer.loadShared({ id: 'gw', key: Buffer.from(key), owners: [addresses.peers, addresses.ours] });
}
