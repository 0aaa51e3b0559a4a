/** VGW-PEER-003: where prefixes lie within each other, the longest decides, whoever's it is. */
import { expect, test } from 'vitest';
import { samplePlan } from '../../sample-plan.ts';
import { sourceChains } from './sources.ts';

const peer = (name: string, number: number, ...prefixes: readonly string[]) => ({ name, address: `198.51.100.${20 + number}`, prefixes });

test('a tunnel may send from its prefixes, but for what within them is of another or of the VNet', () => {
  const [instance] = samplePlan([
    peer('a', 1, '10.0.0.0/8', '192.168.0.0/16'),
    peer('b', 2, '10.2.0.0/16', '192.168.1.0/24'),
    peer('c', 3, '10.2.3.0/24', '192.168.0.0/16'),
    peer('d', 4, '172.16.0.0/12', '9.255.255.0/24', '11.0.0.0/8'),
  ]).instances;
  if (instance === undefined) throw new Error('the sample plan has no instance');
  const vnet = instance.vnet.prefixes.filter((prefix) => prefix.startsWith('10.'));
  const rules = sourceChains(instance)
    .slice(0, 4)
    .map((chain) => chain.rules);
  expect(rules[0]?.toSorted()).toEqual(
    [
      'ip saddr 10.0.0.0/8 accept',
      'ip saddr 192.168.0.0/16 accept',
      ...['10.2.0.0/16', '10.2.3.0/24', '192.168.1.0/24', ...vnet].map((prefix) => `ip saddr ${prefix} counter drop`),
      'counter drop',
    ].toSorted(),
  );
  expect(rules[1]).toEqual([
    'ip saddr 10.2.3.0/24 counter drop',
    'ip saddr 192.168.1.0/24 accept',
    'ip saddr 10.2.0.0/16 accept',
    'counter drop',
  ]);
  expect(rules[3]).toEqual([
    'ip saddr 9.255.255.0/24 accept',
    'ip saddr 172.16.0.0/12 accept',
    'ip saddr 11.0.0.0/8 accept',
    'counter drop',
  ]);
});
