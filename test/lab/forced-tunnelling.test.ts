/** Forced tunnelling by a default site, with the documented topology: whose address the Internet sees, and that it sees none while HQ is down. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  addClient,
  buildScenario,
  connectSdk,
  expectScenario,
  findPlace,
  inside,
  loadScenario,
  putResource,
  startDevice,
  stopDevice,
  waitForStatus,
} from '@sallyport/lab';
import type { LabSession } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, ports, withEvidence } from './up-process.ts';

const hq = '203.0.113.111';
/** The uppermost of the service's public network: the VNet's own way out. */
const vnet = '198.51.100.254';
/** Frontend asks on one, the others on the other, so that a capture tells them apart. */
const portOf = { frontend: 8080, 'mid-tier': 8081, backend: 8081 } as const;
type Vm = keyof typeof portOf;

test('Internet traffic goes through HQ or nowhere, but for the exempt subnet', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'forced-tunnelling', async (evidence) => {
    const { session } = up;
    const scenario = loadScenario('forced-tunnelling', session.arm.file.subscriptionId);
    await evidence.startCapture();
    await buildScenario(session, scenario);
    expect(await expectScenario(session, scenario)).toHaveLength(10);
    await using internet = await Internet.start(session);

    await internet.sees('frontend', vnet);
    await internet.sees('mid-tier', hq);
    await internet.sees('backend', hq);

    const connection = scenario.expect[0]?.connection ?? '';
    await stopDevice(ports, session.fabric, 'hq');
    await waitForStatus(session, connection, 'NotConnected');
    expect([await internet.answer('mid-tier'), await internet.answer('backend')]).toEqual([undefined, undefined]);
    await internet.sees('frontend', vnet);
    await startDevice(ports, session.fabric, { name: 'hq' });
    await waitForStatus(session, connection, 'Connected');
    await internet.sees('mid-tier', hq);

    // So far nothing of the forced subnets has left but through HQ.
    await evidence.stopCapture();
    expect(await evidence.countPackets('net 10.0.0.0/8 or net 192.168.0.0/16')).toBe(0);
    expect(await evidence.countPackets(`host ${vnet} and port ${portOf['mid-tier']}`)).toBe(0);
    expect(await evidence.countPackets(`host ${hq} and port ${portOf['mid-tier']}`)).toBeGreaterThan(0);

    const gateway = scenario.resources.find(({ put }) => put.includes('/virtualNetworkGateways/'));
    if (gateway === undefined) throw new Error('the scenario has no gateway');
    const { gatewayDefaultSite: _, ...others } = gateway.body['properties'] as Record<string, unknown>; // our own file
    const sdk = await connectSdk(session.arm.file);
    await putResource(sdk, gateway.put, { ...gateway.body, properties: others } as typeof gateway.body);
    for (const vm of ['frontend', 'mid-tier', 'backend'] as const) await internet.sees(vm, vnet);
    await putResource(sdk, gateway.put, gateway.body);
    await internet.sees('backend', hq);
    expect(await expectScenario(session, scenario)).toHaveLength(10);
  });
});

/** A machine on the Internet that tells whoever connects what address it sees. */
class Internet implements AsyncDisposable {
  readonly #session: LabSession;
  readonly #address: string;
  readonly #pidFile: string;

  private constructor(session: LabSession, address: string) {
    this.#session = session;
    this.#address = address;
    this.#pidFile = join(session.fabric.runDirectory, 'internet.pid');
  }

  static async start(session: LabSession): Promise<Internet> {
    const { publicAddress } = await addClient(ports, session.fabric, { name: 'internet' });
    const made = new Internet(session, publicAddress);
    const program = join(session.fabric.runDirectory, 'internet.cjs');
    writeFileSync(
      program,
      `for (const port of [8080, 8081]) require('node:net').createServer((socket) => socket.on('error', () => {}).end(socket.remoteAddress)).listen(port, '0.0.0.0');`,
    );
    const { namespace } = findPlace(session.fabric, 'internet');
    const logFile = join(session.fabric.runDirectory, 'internet.log');
    ports.daemons.start({ argv: inside(namespace, [process.execPath, program]), env: {}, logFile, pidFile: made.#pidFile });
    await until(
      () => ports.run(inside(namespace, ['ss', '-Hltn'])),
      ({ stdout }) => stdout.includes(':8080') && stdout.includes(':8081'),
      { because: 'the machine on the Internet listens', clock: systemClock },
    );
    return made;
  }

  /** @throws when it does not within a minute. */
  async sees(vm: Vm, address: string): Promise<void> {
    await until(
      () => this.answer(vm),
      (answer) => answer === address,
      { because: `the Internet sees ${vm} as ${address}`, clock: systemClock, timeoutMs: 60_000 },
    );
  }

  /** undefined when there is none within two seconds. */
  async answer(vm: Vm): Promise<string | undefined> {
    const ask = `const socket = require('node:net').connect({ host: '${this.#address}', port: ${portOf[vm]} });
      setTimeout(() => process.exit(1), 2000);
      socket.on('error', () => process.exit(1)).on('data', (text) => { console.log(text.toString()); process.exit(0); });`;
    const { namespace } = findPlace(this.#session.fabric, vm);
    const { stdout } = await ports.run(inside(namespace, [process.execPath, '-e', ask]), { okCodes: [0, 1] });
    return stdout.trim() === '' ? undefined : stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await ports.daemons.stop(this.#pidFile);
  }
}
