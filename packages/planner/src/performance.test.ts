/** Planning is done anew at every change, so it has to stay cheap with many resources. A guard against O(n²), not a benchmark. */
import { expect, test } from 'vitest';
import { plan } from './plan.ts';
import { hq, inputOf, networkInterface, resource, siteWithConnection, virtualNetwork } from './testing/fixture.ts';

// The package is compiled without any platform's types; this test alone reads a clock.
declare const performance: { readonly now: () => number };

const connections = Array.from({ length: 30 }, (_, index) => siteWithConnection(index + 1)).flat();

/** The best of several runs: the others also measured what else the machine was doing. */
function bestMilliseconds(run: () => unknown): number {
  return Math.min(
    ...Array.from({ length: 7 }, () => {
      const start = performance.now();
      run();
      return performance.now() - start;
    }),
  );
}

test('10,000 resources, 30 of them connections, are planned in well under 100 ms', () => {
  const others = Array.from({ length: 10_000 - connections.length }, (_, index) =>
    resource('publicIPAddresses', `ip${index}`, { allocated: { ipAddress: '198.51.100.9' } }),
  );
  const input = inputOf([...hq(), ...connections, ...others]);
  const { plan: previous } = plan(input);
  expect(previous.hosts[0]?.instances[0]?.tunnels).toHaveLength(30);
  expect(bestMilliseconds(() => plan({ ...input, previous }))).toBeLessThan(100);
});

test('5,000 network interfaces with a namespace each take no more than ten times 500', () => {
  const inputWith = (count: number) => {
    const nics = Array.from({ length: count }, (_, index) =>
      networkInterface('vm', 'big', 'all', `10.64.${1 + (index >> 8)}.${index & 255}`),
    );
    const grouped = nics.map((nic, index) => ({ ...nic, id: nic.id.replace('contoso', `group${index}`) as typeof nic.id }));
    return inputOf([...hq(), virtualNetwork('big', ['10.64.0.0/16'], { all: '10.64.0.0/16' }), ...grouped]);
  };
  const [small, large] = [inputWith(500), inputWith(5_000)];
  const { plan: previous, issues } = plan(large);
  expect(issues).toEqual([]);
  expect(previous.hosts[0]?.networkInterfaces).toHaveLength(5_001);
  // Three times the linear factor: garbage collection and a shared machine, but no square.
  expect(bestMilliseconds(() => plan({ ...large, previous }))).toBeLessThan(30 * bestMilliseconds(() => plan(small)));
});
