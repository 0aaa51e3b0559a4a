/** What `status` says in words, and that it says nothing when all is well. */
import type { AgentStatus } from '@sallyport/agent';
import type { InstanceId, PlanNumber } from '@sallyport/model';
import { expect, test } from 'vitest';
import { reportLines } from './commands/status.ts';
import { isNote, noteOf, troublesOf } from './status-report.ts';
import type { Api, ConnectionRow, StatusReport } from './status-report.ts';

const id = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/connections/hq-site1';
const up: ConnectionRow = { id, status: 'Connected', ingressBytes: 1_234_567, egressBytes: 0, provisioningState: 'Succeeded' };
const down: ConnectionRow = { ...up, status: 'NotConnected', why: 'the peer at 203.0.113.11 does not answer' };
const api: Api = { endpoint: 'https://127.0.0.1:8443', connections: [up], notes: [] };
const instance = {
  id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworkGateways/hq/IN_0' as InstanceId,
  state: 'Running',
  engines: [{ name: 'charon', isHealthy: true, processId: 4711, residentBytes: 10_000_000 }],
  connections: [],
} as const;
const agent: AgentStatus = {
  host: 'vm',
  acceptedPlan: 5,
  appliedPlan: 5,
  ipsec: 'xfrmd',
  isLinked: true,
  observation: { host: 'vm', appliedPlan: 5 as PlanNumber, observedAt: '2026-11-21T03:00:00Z', failures: [], instances: [instance] },
};
const allIsWell: StatusReport = {
  fabric: '9be9',
  dataDirectory: '/var/lib/sallyport',
  endpoint: 'https://127.0.0.1:8443',
  controlPlane: 'answers',
  agent: 'answers',
  host: 'vm',
  acceptedPlan: 5,
  appliedPlan: 5,
  ipsec: 'xfrmd',
  instances: [instance],
  connections: [up],
  notes: [],
  troubles: [],
};

test('nothing is said when all is well', () => {
  expect(troublesOf(agent, api, [up], true)).toEqual([]);
});

test('a control plane that can store nothing is told with the remedy', () => {
  const storeFailure = 'the disk of /var/lib/sallyport is full: free some space on it';
  expect(troublesOf(agent, { ...api, storeFailure }, [up], true)).toEqual([storeFailure]);
});

test('an idle connection is no trouble', () => {
  const idle: ConnectionRow = { ...down, why: 'idle, not broken: no packet passed for 300 s', isIdle: true };
  expect(troublesOf(agent, api, [up, idle], true)).toEqual([]);
});

test('each trouble is one sentence with its reason', () => {
  const sick: AgentStatus = { ...agent, acceptedPlan: 6, linkError: 'could not reach the control plane at https://127.0.0.1:8444' };
  expect(troublesOf(sick, { error: 'the control plane does not answer' }, [down], true)).toEqual([
    'the control plane does not answer',
    'host vm: could not reach the control plane at https://127.0.0.1:8444',
    'host vm: plan 6 is accepted and not applied yet (applied: 5)',
    'connection hq-site1 is NotConnected: the peer at 203.0.113.11 does not answer',
  ]);
});

test('without an agent it depends on what is left on the host', () => {
  expect(troublesOf(undefined, api, [], true)[0]).toContain('stays as it is');
  expect(troublesOf(undefined, api, [], false)[0]).toContain('nothing of this fabric');
});

test.for([
  [{ systemCalls: true, files: true, missing: '' }, 'confined in system calls (seccomp) and files (Landlock)'],
  [
    { systemCalls: true, files: false, missing: 'no Landlock in this kernel' },
    'confined in system calls (seccomp); missing: no Landlock in this kernel',
  ],
  [{ systemCalls: false, files: false, missing: 'switched off' }, 'confined by its capabilities alone; missing: switched off'],
] as const)('how xfrmd is confined is told: %o', ([confinement, said]) => {
  const xfrmd = { name: 'xfrmd', isHealthy: true, confinement };
  const lines = reportLines({ ...allIsWell, instances: [{ ...instance, engines: [xfrmd] }] });
  expect(lines).toContain(`- hq/IN_0: xfrmd is ${said}`);
});

test('a bandwidth is told with what was dropped over it', () => {
  const bandwidth = { bitsPerSecond: 50_000_000, droppedToSites: 988, droppedFromSites: 0 };
  const lines = reportLines({ ...allIsWell, instances: [{ ...instance, engines: [{ name: 'filter', isHealthy: true, bandwidth }] }] });
  expect(lines).toContain('- hq/IN_0: bandwidth 50 Mbit/s each way; dropped over it: 988 packets to sites, 0 from sites');
});

test('a tag without effect is told with the resource that has it', () => {
  const address = id.replace('connections/hq-site1', 'publicIPAddresses/hq-ip');
  const text = 'its tag sallyport:bandwidth has no effect';
  expect(noteOf(address, 'hq-ip', { code: 'TagNotInEffect', text })).toBe(`publicIPAddresses hq-ip: ${text}`);
  expect(isNote(address, { code: 'TagNotInEffect', severity: 'warning' })).toBe(true);
  expect(isNote(address, { code: 'Other', severity: 'warning' })).toBe(false);
});

test('the table names engines with process and memory, and connections with the reason', () => {
  const report: StatusReport = {
    ...allIsWell,
    connections: [up, down],
    notes: ['connection hq-site1: a NAT is between'],
    troubles: ['connection hq-site1 is NotConnected: the peer at 203.0.113.11 does not answer'],
  };
  expect(reportLines(report)).toEqual([
    'fabric 9be9 in /var/lib/sallyport',
    'API https://127.0.0.1:8443; host vm: plan 5 applied, IPsec by xfrmd',
    '',
    'GATEWAY  STATE    ENGINE           PID   MEMORY   UP',
    'hq/IN_0  Running  charon  healthy  4711  10.0 MB',
    '',
    'CONNECTION  STATUS        SINCE  IN      OUT  WHY',
    'hq-site1    Connected            1.2 MB  0 B',
    'hq-site1    NotConnected         1.2 MB  0 B  the peer at 203.0.113.11 does not answer',
    '',
    '- connection hq-site1: a NAT is between',
    '! connection hq-site1 is NotConnected: the peer at 203.0.113.11 does not answer',
  ]);
});

test('what has the same name in two resource groups is told with its group', () => {
  const other = { ...down, id: id.replace('/g/', '/h/') };
  const twin = { ...instance, id: instance.id.replace('/g/', '/h/') as InstanceId, state: 'Failed' as const };
  const seen = { host: 'vm', appliedPlan: 5 as PlanNumber, observedAt: '2026-11-21T03:00:00Z', failures: [], instances: [instance, twin] };
  const both: AgentStatus = { ...agent, observation: seen };
  expect(troublesOf(both, api, [up, other], true)).toEqual([
    'gateway h/hq/IN_0 is Failed',
    'connection h/hq-site1 is NotConnected: the peer at 203.0.113.11 does not answer',
  ]);
  const lines = reportLines({ ...allIsWell, instances: [instance, twin], connections: [up, other] });
  expect(lines.filter((line) => /^[gh]\//.test(line)).map((line) => line.split(' ')[0])).toEqual([
    'g/hq/IN_0',
    'h/hq/IN_0',
    'g/hq-site1',
    'h/hq-site1',
  ]);
});
