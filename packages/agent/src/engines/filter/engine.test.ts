/** What the filter's engine tells of a bandwidth: the counters of the table that stands, read by the pass that looks whether it does. */
import { expect, test } from 'vitest';
import { FakeHost } from '../../fake-host/fake-host.ts';
import { samplePlan } from '../../sample-plan.ts';
import { createFilterEngine } from './engine.ts';

const [sample] = samplePlan([{ name: 'a', address: '198.51.100.21', prefixes: ['192.168.1.0/24'] }]).instances;

test('packets over the bandwidth are told, from zero when the table is loaded anew, and nothing without one', async () => {
  if (sample === undefined) throw new Error('the sample plan has no instance');
  await using host = new FakeHost();
  await host.run(['ip', 'netns', 'add', `${host.paths.namespacePrefix}${sample.namespace}`]);
  const engine = createFilterEngine({ run: host.run, paths: host.paths }, true);
  const told = async (bitsPerSecond?: number): Promise<unknown> => {
    const instance = bitsPerSecond === undefined ? sample : { ...sample, bandwidth: { bitsPerSecond } };
    await engine.reconcile(instance, new AbortController().signal);
    return (await engine.observe(instance)).engines;
  };
  const filter = { name: 'filter', isHealthy: true };
  const limited = { bitsPerSecond: 64_000, droppedToSites: 0, droppedFromSites: 0 };
  expect(await told()).toEqual([filter]);
  expect(await told(64_000)).toEqual([{ ...filter, bandwidth: limited }]);
  const { tables } = host.commands.namespaces.get(`${host.paths.namespacePrefix}${sample.namespace}`) ?? {};
  const counted = (rule: string): string => (rule.includes('"bandwidth to ') ? rule.replace('counter', 'counter packets 988') : rule);
  tables?.set('sallyport', tables.get('sallyport')?.map(({ name, rules }) => ({ name, rules: rules.map(counted) })) ?? []);
  expect(await told(64_000)).toEqual([{ ...filter, bandwidth: { ...limited, droppedToSites: 988 } }]);
  expect(await told(650_000_000)).toEqual([{ ...filter, bandwidth: { ...limited, bitsPerSecond: 650_000_000 } }]);
});
