/** What people read when a plan changes: one golden text per kind of change. */
import type { Resource } from '@sallyport/model';
import { secretId } from '@sallyport/model';
import { expect, test } from 'vitest';
import type { PlanInput } from '../input.ts';
import { plan } from '../plan.ts';
import { connection, hq, idOf, inputOf, siteWithConnection, virtualNetwork } from '../testing/fixture.ts';
import { printDiff } from './diff.ts';

const two = [...hq(), ...siteWithConnection(1), ...siteWithConnection(2)];
const before = plan(inputOf(two)).plan;
const without = (name: string): readonly Resource[] => two.filter((resource) => resource.name !== name);
const next = (resources: readonly Resource[], more: Partial<PlanInput> = {}): PlanInput => ({ ...inputOf(resources, before), ...more });
const newKey = new Map([...inputOf(two).secretVersions, [secretId(idOf('connections', 'hq-site2'), 'sharedKey'), 2]]);

test.each([
  ['key-changed', next(two, { secretVersions: newKey })],
  ['connection-added', next([...two, ...siteWithConnection(3)])],
  ['connection-removed', next(without('hq-site1'))],
  // ARM has no rename: one resource goes, another comes, and the host must see two different tunnels.
  ['connection-renamed', next([...without('hq-site1'), connection('hq-berlin', 'hq', 'site1')])],
  [
    'address-space-changed',
    next([
      virtualNetwork('hq', ['10.1.0.0/16', '10.7.0.0/16'], {
        workload: '10.1.0.0/24',
        more: '10.7.0.0/24',
        GatewaySubnet: '10.1.255.0/27',
      }),
      ...without('hq'),
      ...hq().slice(2),
    ]),
  ],
  [
    'gateway-reset',
    next(
      two.map((one) =>
        one.type.endsWith('Gateways') && one.name === 'hq' ? { ...one, allocated: { ...one.allocated, resetEpoch: 1 } } : one,
      ),
    ),
  ],
])('%s', async (name, input) => {
  const { plan: after, issues } = plan(input);
  expect(issues).toEqual([]);
  await expect(printDiff(before, after)).toMatchFileSnapshot(`golden/${name}.golden.txt`);
});

test('the same plan has no difference, the first one is all additions', () => {
  expect(printDiff(before, before)).toBe('plan 1 to 1\n\nnothing changes\n');
  expect(
    printDiff(undefined, before)
      .split('\n')
      .filter((line) => line.startsWith('- ') || line.startsWith('~ ')),
  ).toEqual([]);
});
