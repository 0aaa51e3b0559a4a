/** OpenVPN over UDP, point to point with TLS by certificate fingerprints (its example for two peers), AES-256-GCM, no data channel offload. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { systemClock, systemCommands, until } from '@sallyport/runtime';
import { innerMtu, networks, otherEnd, outer } from '../topology.ts';
import type { End, Topology } from '../topology.ts';
import { missingFile } from './charon.ts';
import { gcm } from './engine.ts';
import type { Engine } from './engine.ts';

const inner = { a: '10.9.0.1', b: '10.9.0.2' } as const;

async function makeCertificate(topology: Topology, end: End): Promise<string> {
  const base = join(topology.directory, `openvpn-${end}`);
  const subject = ['-subj', `/CN=${end}`, '-days', '1', '-keyout', `${base}.key`, '-out', `${base}.crt`];
  await systemCommands.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', ...subject]);
  return new X509Certificate(readFileSync(`${base}.crt`)).fingerprint256;
}

function renderSettings(topology: Topology, end: End, peerFingerprint: string): string {
  const base = join(topology.directory, `openvpn-${end}`);
  return `dev t0
dev-type tun
proto udp4
local ${outer[end]}
remote ${outer[otherEnd[end]]}
${end === 'a' ? 'tls-client' : 'tls-server\ndh none'}
ifconfig ${inner[end]} ${inner[otherEnd[end]]}
route ${networks[otherEnd[end]].replace('/24', ' 255.255.255.0')}
cert ${base}.crt
key ${base}.key
peer-fingerprint ${peerFingerprint}
data-ciphers AES-256-GCM
tun-mtu ${innerMtu}
mssfix 0
txqueuelen 2000
sndbuf 4194304
rcvbuf 4194304
fast-io
verb 3
`;
}

export const openvpn: Engine = {
  name: 'OpenVPN',
  what: 'Debian’s OpenVPN 2.6 in user space, UDP, with fast-io and 4 MB socket buffers',
  suites: [gcm],
  missing: () => missingFile('/usr/sbin/openvpn', 'the package openvpn is not installed'),
  start: async (topology) => {
    const fingerprints = { a: await makeCertificate(topology, 'a'), b: await makeCertificate(topology, 'b') };
    const startEnd = async (end: End): Promise<number> => {
      const file = join(topology.directory, `openvpn-${end}.conf`);
      writeFileSync(file, renderSettings(topology, end, fingerprints[otherEnd[end]]), { mode: 0o600 });
      return topology.start(`gw-${end}`, `openvpn-${end}`, ['openvpn', '--config', file]);
    };
    const pids = { a: await startEnd('a'), b: await startEnd('b') };
    for (const end of ['a', 'b'] as const)
      await until(
        () => readFileSync(join(topology.directory, `openvpn-${end}.log`), 'utf8'),
        (log) => log.includes('Initialization Sequence Completed'),
        { because: `OpenVPN of gateway ${end} is connected`, clock: systemClock, timeoutMs: 20_000 },
      );
    return { pids };
  },
};
