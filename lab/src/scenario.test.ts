/** Every scenario of the catalogue hangs together. */
import { resourceKey } from '@sallyport/model';
import { describe, expect, test } from 'vitest';
import { loadScenario, scenarioNames } from './scenario.ts';

const subscription = '22222222-2222-2222-2222-222222222222';

describe.for(scenarioNames())('%s', (name) => {
  const scenario = loadScenario(name, subscription);
  const created = new Set(scenario.resources.map(({ put }) => resourceKey(put)));

  test('expectations and devices refer to resources it creates', () => {
    const referred = [
      ...scenario.expect.map(({ connection }) => connection),
      ...scenario.expect.flatMap(({ traffic }) => traffic.map(({ networkInterface }) => networkInterface)),
      ...scenario.sites.flatMap(({ device }) => (device.kind === 'strongswan' ? [device.connection] : [])),
    ];
    expect(referred.filter((id) => !created.has(resourceKey(id)))).toEqual([]);
  });

  test('no placeholder is left, and traffic goes to sites it has', () => {
    expect(JSON.stringify(scenario)).not.toContain('{subscriptionId}');
    const sites = new Set(scenario.sites.map((site) => site.name));
    expect(scenario.expect.flatMap(({ traffic }) => traffic).filter(({ site }) => !sites.has(site))).toEqual([]);
  });
});

test('an unknown scenario is refused with the names there are', () => {
  expect(() => loadScenario('s2s-ikev3', subscription)).toThrow('s2s-ikev2-psk');
});
