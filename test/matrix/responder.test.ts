/**
 * What the gateway accepts as responder, asked from outside by programs we did not write, one proposal at a time: exactly Azure's
 * tables with the defaults, exactly the one policy with a custom one. IKEv1 by ike-scan, IKEv2 and ESP by stock strongSwan.
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-devices#ipsec
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSite, deviceDirectory, inside, namespaceOf, reloadDevice, swanctl } from '@sallyport/lab';
import { UpProcess, ports } from '../lab/up-process.ts';
import { forEach } from './each.ts';
import { MatrixGateway, sharedKey, vnetPrefix } from './gateway.ts';
import { acceptedEsp, acceptedIke, neighboursOfEsp, neighboursOfIke, scanned } from './responder-tables.ts';
import { startStrongswan } from './strongswan-peers.ts';
import { renderDevice } from './swanctl-conf.ts';
import type { DeviceChild } from './swanctl-conf.ts';

const custom = {
  ikeEncryption: 'AES192',
  ikeIntegrity: 'SHA384',
  dhGroup: 'ECP384',
  ipsecEncryption: 'AES192',
  ipsecIntegrity: 'SHA256',
  pfsGroup: 'ECP384',
};
const site = (number: number, version: 1 | 2) => ({
  name: `r${number}`,
  publicAddress: `203.0.113.${number}`,
  prefix: `192.168.${number}.0/24`,
  version,
});
/** Three addresses with defaults: charon takes at most five half-open exchanges from one. */
const scanners = [site(11, 1), site(12, 1), site(13, 1)];
const customScanner = site(14, 1);
const devices = [site(21, 1), site(22, 2)] as const;
const customDevice = site(23, 2);

let up: UpProcess;
let gateway: MatrixGateway;

beforeAll(async () => {
  up = await UpProcess.start();
  gateway = await MatrixGateway.create(up.session);
  for (const one of [...scanners, customScanner])
    await addSite(ports, up.fabric, { name: one.name, prefixes: [one.prefix], publicAddress: one.publicAddress });
  await forEach([...devices, customDevice], 4, (one) =>
    startStrongswan(gateway, one, { ike: 'aes256-sha256-modp1024', esp: 'aes256gcm16' }),
  );
  const properties = { connectionMode: 'ResponderOnly' };
  await forEach([...scanners, ...devices], 8, (one) => gateway.connect({ ...one, policy: undefined, properties }));
  await forEach([customScanner, customDevice], 2, (one) => gateway.connect({ ...one, policy: custom, properties }));
});
afterAll(async () => {
  await up?.[Symbol.asyncDispose]();
});

/** One transform in one packet. @returns whether the gateway chose it. */
async function scan(from: string, transform: string, ...more: readonly string[]): Promise<boolean> {
  const argv = ['ike-scan', '--nodns', '--sport=0', '--retry=2', `--trans=(${transform})`, ...more, gateway.publicAddress];
  const { stdout } = await ports.run(inside(namespaceOf(up.fabric, `site-${from}`), argv), { okCodes: [0, 1] });
  const isChosen = stdout.includes('Handshake returned');
  if (!isChosen && !/Notify message|1 returned notify/.test(stdout)) throw new Error(`ike-scan ${transform} got no answer: ${stdout}`);
  return isChosen;
}

async function scanAll(from: (hash: string) => string): Promise<readonly string[]> {
  const chosen: string[] = [];
  for (const { words, transform, hash } of scanned) if (await scan(from(hash), transform)) chosen.push(words);
  return chosen.toSorted();
}

describe('IKEv1 main mode, by ike-scan', () => {
  test('of all ciphers, hashes and groups the six of the table are accepted', async () => {
    const chosen = await scanAll((hash) => (hash === 'SHA1' ? 'r11' : hash === 'SHA256' ? 'r12' : 'r13'));
    expect(chosen).toEqual(acceptedIke.map(({ azure }) => azure).toSorted());
  });

  test('of all ciphers, hashes and groups the one of the custom policy is accepted', async () => {
    expect(await scanAll(() => 'r14')).toEqual(['AES192/SHA384/ECP384']);
  });

  test('aggressive mode is refused', async () => {
    const transform = scanned.find(({ words }) => words === 'AES256/SHA256/DHGroup2')?.transform ?? '';
    expect(await scan('r13', transform, '--aggressive', '--dhgroup=2', '--idtype=1', '--id=0xcb00710d')).toBe(false);
  });
});

/** Loads one connection per IKE proposal, or one child per ESP proposal, and tells which of them come up. */
class Device {
  readonly name: string;
  readonly #version: 1 | 2;
  readonly #address: string;
  readonly #prefix: string;

  constructor(one: ReturnType<typeof site>) {
    this.name = one.name;
    this.#version = one.version;
    this.#address = one.publicAddress;
    this.#prefix = one.prefix;
  }

  async acceptedIke(proposals: readonly string[], esp: string): Promise<readonly string[]> {
    const children = (index: number) => [{ name: `net${index}`, esp }];
    await this.#load(proposals.map((ike, index) => ({ ike, children: children(index) })));
    return this.#whichComeUp(proposals, (index) => ['--ike', `ike${index}`]);
  }

  async acceptedEsp(proposals: readonly string[], ike: string, base: string): Promise<readonly string[]> {
    // strongSwan begins no CHILD SA that it has already: the first has other selectors.
    const first = { name: 'net0', esp: base, localPrefix: this.#prefix.replace('/24', '/25') };
    const children = [first, ...proposals.map((esp, index) => ({ name: `net${index + 1}`, esp }))];
    await this.#load([{ ike, children }]);
    // The first takes its keys from the IKE SA; all others have their own exchange, in which the group counts.
    if (!(await this.#comesUp('net0'))) throw new Error(`${base} is refused for the first CHILD SA`);
    return this.#whichComeUp(proposals, (index) => ['--child', `net${index + 1}`], 1);
  }

  async #whichComeUp(proposals: readonly string[], end: (index: number) => readonly string[], first = 0): Promise<readonly string[]> {
    const accepted: string[] = [];
    for (const [index, proposal] of proposals.entries()) {
      if (!(await this.#comesUp(`net${index + first}`))) continue;
      accepted.push(proposal);
      await swanctl(ports, up.fabric, this.name, ['--terminate', ...end(index), '--timeout', '10']);
    }
    return accepted;
  }

  async #comesUp(child: string): Promise<boolean> {
    try {
      await swanctl(ports, up.fabric, this.name, ['--initiate', '--child', child, '--timeout', '20']);
      return true;
    } catch (error) {
      if (/NO_PROPOSAL_CHOSEN|INVALID_KE_PAYLOAD/.test(JSON.stringify(error))) return false;
      throw error;
    }
  }

  async #load(connections: readonly { readonly ike: string; readonly children: readonly DeviceChild[] }[]): Promise<void> {
    const config = connections.map(({ ike, children }, index) => ({
      name: `ike${index}`,
      version: this.#version,
      localAddress: this.#address,
      remoteAddress: gateway.publicAddress,
      ike,
      localPrefix: this.#prefix,
      remotePrefix: vnetPrefix,
      children,
      sharedKey,
    }));
    writeFileSync(join(deviceDirectory(up.fabric, this.name), 'swanctl.conf'), renderDevice(config), { mode: 0o600 });
    await reloadDevice(ports, up.fabric, this.name);
  }
}

describe('IKEv2, by strongSwan', () => {
  test('the six IKE proposals of the table are accepted, and none of their neighbours', async () => {
    const accepted = acceptedIke.map(({ strongswan }) => strongswan);
    expect(await new Device(devices[1]).acceptedIke([...accepted, ...neighboursOfIke], 'aes256gcm16')).toEqual(accepted);
  });

  test('of these and its own neighbours a custom policy accepts itself', async () => {
    const own = 'aes192-sha384-ecp384';
    const others = ['aes256-sha384-ecp384', 'aes192-sha256-ecp384', 'aes192-sha384-ecp256', 'aes192-sha384-modp1024'];
    const all = [...acceptedIke.map(({ strongswan }) => strongswan), own, ...others];
    expect(await new Device(customDevice).acceptedIke(all, 'aes192-sha256')).toEqual([own]);
  });
});

describe('ESP, by strongSwan', () => {
  test.for(devices)('IKEv$version: the 26 proposals of the table are accepted, and none of their neighbours', async (one) => {
    const device = new Device(one);
    expect(await device.acceptedEsp([...acceptedEsp, ...neighboursOfEsp], 'aes256-sha256-modp1024', 'aes256gcm16')).toEqual(acceptedEsp);
  });

  test('a custom policy accepts itself', async () => {
    const own = 'aes192-sha256-ecp384';
    const others = ['aes192-sha256', 'aes192-sha256-ecp256', 'aes256-sha256-ecp384', 'aes192-sha1-ecp384', 'aes256gcm16-ecp384'];
    expect(await new Device(customDevice).acceptedEsp([own, ...others], 'aes192-sha384-ecp384', own)).toEqual([own]);
  });
});
