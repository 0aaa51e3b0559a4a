/**
 * The foundation's scenarios on the kernel's own ESP: the same agent, scenarios and expectations as in test/lab, in a virtual
 * machine whose kernel has XFRM interfaces. What is different is read from the kernel's tables, not from the agent.
 */
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Guest, loadScenario } from '@sallyport/lab';
import { promises } from '../lab/promises.ts';
import { ports } from '../lab/up-process.ts';
import { bundleForGuest, clone } from './bundle.ts';
import { rawEspSuffix } from './in-guest/report.ts';
import type { ReportLine, ScenarioReport } from './in-guest/report.ts';

const plain = 's2s-ikev2-psk';
/** Names of scenarios, with commas between, when not all are wanted: a whole run takes many minutes. */
const wanted = process.env['SALLYPORT_SCENARIOS']?.split(',');
const scenarios = [plain, ...Object.keys(promises)].filter((name) => wanted?.includes(name) ?? true);
const rawEsp = `${plain}${rawEspSuffix}`;
const lines: ReportLine[] = [];
let guest: Guest;

beforeAll(async () => {
  const bundle = await bundleForGuest(join(import.meta.dirname, 'in-guest', 'scenarios.ts'));
  const evidence = join(clone, '.lab-evidence');
  mkdirSync(evidence, { recursive: true });
  guest = await Guest.boot(ports);
  await guest.run(['mount', '--bind', bundle.cliInPlace.from, bundle.cliInPlace.over]);
  await guest.run(['mount', '-t', 'tmpfs', 'evidence', evidence]);
  const program = [join(clone, 'node_modules', '.bin', 'node'), bundle.program, ...scenarios];
  const { stdout, stderr, code } = await guest.run(program, { timeoutMs: 2_400_000, okCodes: [0, 1] });
  for (const line of stdout.split('\n').filter(Boolean)) lines.push(JSON.parse(line) as ReportLine); // our own program's
  // What failed has left evidence there; what passed has removed its own.
  await guest.run(['cp', '-r', evidence, join(guest.sharedInGuest, 'evidence')]);
  cpSync(join(guest.shared, 'evidence'), evidence, { recursive: true });
  if (code !== 0) throw new Error(`the program in the virtual machine ended with ${code}: ${stderr.slice(-2000)}`);
});

afterAll(async () => {
  await guest?.[Symbol.asyncDispose]();
});

function reportOf(name: string): ScenarioReport {
  for (const line of lines) {
    if ('report' in line && line.report.scenario === name) return line.report;
    if ('failure' in line && line.scenario === name) throw new Error(line.failure);
  }
  throw new Error(`the virtual machine reported nothing of ${name}`);
}

describe.for(scenarios.flatMap((name) => (name === plain ? [name, rawEsp] : [name])))('%s', (name) => {
  test('is connected, and echoes are answered both ways', () => {
    const { expect: expectations } = loadScenario(name.replace(rawEspSuffix, ''), '');
    const expected = expectations.flatMap(({ traffic }) =>
      traffic.flatMap(({ networkInterface, site }) => {
        const vm = networkInterface.split('/').at(-1) ?? '';
        return [`${vm} ${site}-host`, `${site}-host ${vm}`];
      }),
    );
    expect(expected.length).toBeGreaterThan(0);
    expect(reportOf(name).trips).toEqual(expected);
  });

  test('the kernel carries it: an XFRM interface for each if_id, and associations that counted packets both ways', () => {
    const { ipsec, gateways } = reportOf(name);
    expect(ipsec).toBe('kernel');
    expect(gateways).toHaveLength(1);
    for (const { interfaces, associations } of gateways) {
      const carrying = associations.filter(({ packets }) => packets > 0);
      const ifIds = [...new Set(carrying.map(({ ifId }) => ifId))].toSorted((a, b) => a - b);
      expect(interfaces.toSorted()).toEqual(ifIds.map((ifId) => `t${ifId} ${ifId}`));
      for (const ifId of ifIds) {
        const own = carrying.filter((association) => association.ifId === ifId);
        expect(new Set(own.map(({ from, to }) => `${from} ${to}`)).size).toBe(2);
      }
      expect(new Set(associations.map(({ isUdpEncapsulated }) => isUdpEncapsulated))).toEqual(new Set([name !== rawEsp]));
    }
  });

  test('only IKE and ESP are seen on the public network', () => {
    const { packets } = reportOf(name);
    expect(packets).toMatchObject({ other: 0, inner: 0 });
    expect(packets.ike).toBeGreaterThan(0);
    expect(packets.rawEsp + packets.udpEsp).toBeGreaterThanOrEqual(4);
    expect(packets.rawEsp > 0).toBe(name === rawEsp);
  });
});

test.for(Object.entries(promises).filter(([name]) => scenarios.includes(name)))('the SAs of %s are as promised', ([name, promise]) => {
  expect(reportOf(name).ikeSas.length).toBeGreaterThan(0);
  promise(reportOf(name).ikeSas);
});

test.skipIf(!scenarios.includes('s2s-two-sites'))('sites share the bandwidth of their gateway, and what is over it is dropped', () => {
  const [failure] = lines.flatMap((line) => ('failure' in line && line.scenario.endsWith(', bandwidth') ? [line.failure] : []));
  expect(failure).toBeUndefined();
  const [seen] = lines.flatMap((line) => ('bandwidth' in line ? [line.bandwidth] : []));
  expect(seen?.answered).toBeGreaterThan(0);
  expect(seen?.dropped).toBeGreaterThan((seen?.sent ?? 0) / 2);
  expect((seen?.answered ?? 0) + (seen?.dropped ?? 0)).toBe(seen?.sent);
});

test('nothing of a gateway is left after its deletion', () => {
  const left = lines.flatMap((line) => ('left' in line ? [line] : []));
  expect(left).toEqual(scenarios.map((scenario) => ({ scenario, left: [] })));
});
