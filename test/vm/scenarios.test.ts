/**
 * The foundation's scenarios on the kernel's own ESP: the same agent, scenarios and expectations as in test/lab, in a virtual
 * machine whose kernel has XFRM interfaces. What is different is read from the kernel's tables, not from the agent.
 */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Guest, loadScenario } from '@sallyport/lab';
import { ports } from '../lab/up-process.ts';
import { promises } from '../lab/promises.ts';
import { bundleForGuest, clone } from './bundle.ts';
import type { ReportLine, ScenarioReport } from './in-guest/report.ts';

const rawEsp = 's2s-ikev2-psk, raw ESP';
const names = ['s2s-ikev2-psk', rawEsp, ...Object.keys(promises)];
const subscription = '00000000-0000-0000-0000-000000000000';
const lines: ReportLine[] = [];
let guest: Guest;

beforeAll(async () => {
  const bundle = await bundleForGuest(join(import.meta.dirname, 'in-guest', 'scenarios.ts'));
  const evidence = join(clone, '.lab-evidence');
  mkdirSync(evidence, { recursive: true });
  guest = await Guest.boot(ports);
  await guest.run(['mount', '--bind', bundle.cliInPlace.from, bundle.cliInPlace.over]);
  await guest.run(['mount', '-t', 'tmpfs', 'evidence', evidence]);
  const program = [join(clone, 'node_modules', '.bin', 'node'), bundle.program, ...names];
  const { stdout, stderr, code } = await guest.run(program, { timeoutMs: 600_000, okCodes: [0, 1] });
  for (const line of stdout.split('\n').filter(Boolean)) lines.push(JSON.parse(line) as ReportLine);
  await guest.run(['cp', '-r', evidence, join(guest.sharedInGuest, 'evidence')]);
  cpSync(join(guest.shared, 'evidence'), evidence, { recursive: true });
  if (code !== 0) throw new Error(`the program in the virtual machine ended with ${code}: ${stderr.slice(-2000)}`);
}, 700_000);

afterAll(async () => {
  await guest?.[Symbol.asyncDispose]();
});

function reportOf(name: string): ScenarioReport {
  const line = lines.find((one) => ('report' in one ? one.report.scenario : one.scenario) === name);
  if (line === undefined) throw new Error(`the virtual machine reported nothing of ${name}`);
  if ('failure' in line) throw new Error(line.failure);
  return line.report;
}

describe.for(names)('%s', (name) => {
  test('is connected, and echoes are answered both ways', () => {
    const { trips } = reportOf(name);
    const scenario = loadScenario(name === rawEsp ? 's2s-ikev2-psk' : name, subscription);
    const expected = scenario.expect.flatMap(({ traffic }) =>
      traffic.flatMap(({ networkInterface, site }) => {
        const vm = networkInterface.split('/').at(-1) ?? '';
        return [`${vm} ${site}-host`, `${site}-host ${vm}`];
      }),
    );
    expect(trips).toEqual(expected);
    expect(trips).not.toEqual([]);
  });

  test('the kernel carries it: XFRM interfaces, and associations with their if_id that counted packets both ways', () => {
    const { ipsec, gateways } = reportOf(name);
    expect(ipsec).toBe('kernel');
    for (const { interfaces, associations } of gateways) {
      expect(interfaces).not.toEqual([]);
      for (const one of interfaces) {
        const [device = '', ifId = ''] = one.split(' ');
        expect(device).toBe(`t${ifId}`);
        const own = associations.filter((association) => association.ifId === Number(ifId));
        const ends = new Set(own.filter(({ packets }) => packets > 0).map(({ from, to }) => `${from} ${to}`));
        expect(ends.size).toBe(2);
      }
      expect(associations.every(({ isUdpEncapsulated }) => isUdpEncapsulated === (name !== rawEsp))).toBe(true);
    }
    expect(gateways).not.toEqual([]);
  });

  test('only IKE and ESP are seen on the public network', () => {
    const { packets } = reportOf(name);
    expect(packets).toMatchObject({ other: 0, inner: 0 });
    expect(packets.ike).toBeGreaterThan(0);
    expect(name === rawEsp ? packets.rawEsp : packets.udpEsp).toBeGreaterThanOrEqual(4);
    if (name !== rawEsp) expect(packets.rawEsp).toBe(0);
  });

  test('nothing of a gateway is left after its deletion', () => {
    expect(reportOf(name).left).toEqual([]);
  });

  const promise = promises[name];
  if (promise !== undefined) test('its SAs are as promised', () => promise(reportOf(name).ikeSas));
});
