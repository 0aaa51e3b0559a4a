/** Properties over random histories: an object's ids and names never change while it lives, and order never matters. */
import type { Plan, Resource } from '@sallyport/model';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plan } from './plan.ts';
import { connection, gateway, idOf, inputOf, networkInterface, site, virtualNetwork } from './testing/fixture.ts';

/** Everything that may exist: two VNets with a gateway each, six network interfaces, eight connections, names that collide once shortened. */
const vnetsAndGateways: readonly Resource[] = [1, 2].flatMap((n) => [
  virtualNetwork(`net${n}`, [`10.${n}.0.0/16`], { workload: `10.${n}.0.0/24`, GatewaySubnet: `10.${n}.255.0/27` }),
  gateway(`net${n}`, `net${n}`, { address: `198.51.100.${3 + n}`, privateAddress: `10.${n}.255.4` }),
]);
const networkInterfaces = [1, 2, 3, 4, 5, 6].map((n) =>
  networkInterface(`VM ${n % 3}${'_'.repeat(n)}`, `net${1 + (n % 2)}`, 'workload', `10.${1 + (n % 2)}.0.${3 + n}`),
);
const connections = [1, 2, 3, 4, 5, 6, 7, 8].map((n) =>
  connection(n % 2 === 0 ? `to-site-${n}` : `a-name-that-is-too-long-for-a-stem-${n}`, `net${1 + (n % 2)}`, `site${n}`),
);
const sites = connections.map((_, index) =>
  site(`site${index + 1}`, [`192.168.${index + 1}.0/24`], { gatewayIpAddress: `203.0.113.${11 + index}` }),
);
const optional = [...networkInterfaces, ...connections];
const anyState = fc.subarray(optional).map((chosen) => [...vnetsAndGateways, ...sites, ...chosen]);

type Allocations = ReadonlyMap<string, string | number>;

/** Every id and name of a plan, by the object that has it. */
function allocations({ hosts }: Plan): Allocations {
  return new Map<string, string | number>(
    hosts.flatMap(({ vnets, networkInterfaces: nics, instances }) => [
      ...vnets.flatMap(({ vnet, namespace, subnets, outbound }) => [
        [`namespace of ${vnet}`, namespace] as const,
        [`link of ${vnet}`, outbound?.linkId ?? 0] as const,
        ...subnets.map(({ subnet, bridgeId }) => [`bridge of ${subnet}`, bridgeId] as const),
      ]),
      ...nics.flatMap((nic) => [
        [`namespace of ${nic.networkInterface}`, nic.namespace] as const,
        [`link of ${nic.networkInterface}`, nic.linkId] as const,
      ]),
      ...instances.flatMap((instance) => [
        [`namespace of ${instance.id}`, instance.namespace] as const,
        [`public link of ${instance.id}`, instance.public.linkId] as const,
        [`vnet link of ${instance.id}`, instance.vnet.linkId] as const,
        ...instance.tunnels.flatMap((tunnel) => [
          [`ifId of ${tunnel.connection}`, tunnel.ifId] as const,
          [`name of ${tunnel.connection}`, tunnel.name] as const,
        ]),
      ]),
    ]),
  );
}

describe('over random histories', () => {
  test('what stays keeps its ids and names, what is new takes none of the step before, and the plan is sound', () => {
    fc.assert(
      fc.property(fc.array(anyState, { minLength: 2, maxLength: 6 }), (states) => {
        let previous: Plan | undefined;
        for (const state of states) {
          const { plan: next, issues } = plan(inputOf(state, previous));
          expect(issues).toEqual([]);
          expect(previous === undefined ? [] : disturbed(allocations(previous), allocations(next))).toEqual([]);
          previous = next;
        }
      }),
      { numRuns: 60 },
    );
  });

  test('the order of resources does not change a byte', () => {
    fc.assert(
      fc.property(anyState, anyState, fc.infiniteStream(fc.nat()), (before, after, numbers) => {
        const previous = plan(inputOf(before)).plan;
        const shuffled = after.map((resource) => ({ resource, at: numbers.next().value ?? 0 })).toSorted((a, b) => a.at - b.at);
        const one = plan(inputOf(after, previous));
        const other = plan(
          inputOf(
            shuffled.map(({ resource }) => resource),
            previous,
          ),
        );
        expect(JSON.stringify(other)).toBe(JSON.stringify(one));
      }),
      { numRuns: 60 },
    );
  });

  test('the number grows by one exactly when something differs', () => {
    fc.assert(
      fc.property(anyState, anyState, (before, after) => {
        const first = plan(inputOf(before)).plan;
        expect(plan(inputOf(before, first)).plan).toEqual(first);
        // A plan that went through the store is as good as the one that did not.
        const stored = JSON.parse(JSON.stringify(first)) as Plan;
        expect(plan(inputOf(before, stored)).plan.number).toBe(first.number);
        const second = plan(inputOf(after, first)).plan;
        expect(second.number).toBe(JSON.stringify(second.hosts) === JSON.stringify(first.hosts) ? first.number : first.number + 1);
      }),
      { numRuns: 60 },
    );
  });
});

/** Objects whose id changed, and new objects with an id that somebody had in the step before. */
function disturbed(before: Allocations, after: Allocations): readonly string[] {
  const held = new Set([...before].map(([object, value]) => `${kindOf(object)} ${value}`));
  return [...after].flatMap(([object, value]) => {
    if (before.has(object)) return before.get(object) === value ? [] : `${object} changed to ${value}`;
    // Tunnel names are unique in their instance only, so one in another instance may be the same.
    return kindOf(object) !== 'name' && held.has(`${kindOf(object)} ${value}`) ? `${object} is ${value}, which was another's` : [];
  });
}

/** Links of both kinds share one number space. */
function kindOf(object: string): string {
  const kind = object.slice(0, object.indexOf(' of '));
  return kind.endsWith('link') ? 'link' : kind;
}

describe('one by one', () => {
  const base = [...vnetsAndGateways, ...sites];
  const ifIds = (of: Plan): readonly number[] =>
    of.hosts.flatMap(({ instances }) => instances.flatMap(({ tunnels }) => tunnels.map(({ ifId }) => ifId)));

  test('the interface id of a deleted connection is not given to the one that comes with the same plan, but later', () => {
    const [a, b, c] = connections as [Resource, Resource, Resource];
    const first = plan(inputOf([...base, a])).plan;
    expect(ifIds(first)).toEqual([1]);
    const second = plan(inputOf([...base, b], first)).plan;
    expect(ifIds(second)).toEqual([2]);
    expect(ifIds(plan(inputOf([...base, b, c], second)).plan).toSorted((x, y) => x - y)).toEqual([1, 2]);
  });

  test('a connection whose name changes case only keeps everything', () => {
    const [a] = connections as [Resource];
    const first = plan(inputOf([...base, a])).plan;
    const upper = { ...a, id: idOf('connections', a.name.toUpperCase()), name: a.name.toUpperCase() };
    const second = plan(inputOf([...base, upper], first)).plan;
    expect([...allocations(second).values()]).toEqual([...allocations(first).values()]);
  });

  test('resources of one name in two groups are told apart by number', () => {
    const twins = ['contoso', 'fabrikam'].map((group) => ({
      ...networkInterface('vm', 'net1', 'workload', group === 'contoso' ? '10.1.0.4' : '10.1.0.5'),
      id: idOf('networkInterfaces', 'vm', group),
    }));
    const { hosts } = plan(inputOf([...vnetsAndGateways, ...twins])).plan;
    expect(hosts[0]?.networkInterfaces.map(({ namespace }) => namespace)).toEqual(['nic-vm', 'nic-vm-2']);
  });
});
