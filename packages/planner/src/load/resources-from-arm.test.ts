/** Loading with two small resource types that have ARM's mechanics and none of Azure's rules. */
import { secretId, type JsonObject, type ResourceRules } from '@sallyport/model';
import { expect, test } from 'vitest';
import { resourcesFromArm } from './resources-from-arm.ts';

const network: ResourceRules = {
  type: 'Microsoft.Network/virtualNetworks',
  isPlanned: true,
  children: [{ segment: 'subnets', type: 'Microsoft.Network/virtualNetworks/subnets' }],
  parse: (body) => {
    const { location, properties = {} } = body as { readonly location?: string; readonly properties?: JsonObject };
    if (properties['broken'] === true)
      return { ok: false, issues: [{ severity: 'error', code: 'InvalidRequestFormat', message: 'Broken.' }] };
    return { ok: true, location, tags: {}, top: {}, properties, secrets: properties['key'] === undefined ? {} : { sharedKey: 'x' } };
  },
  validate: ({ properties }, existing, { lookup }) =>
    typeof properties['peer'] === 'string' && lookup.get(properties['peer']) === undefined
      ? [{ severity: 'error', code: 'InvalidResourceReference', message: `${String(existing?.name)} refers to nothing.` }]
      : [],
  allocate: (_, existing, { newGuid }) => ({ resourceGuid: existing?.allocated['resourceGuid'] ?? newGuid() }),
  validateDelete: () => [],
  references: ({ properties }) => (typeof properties['peer'] === 'string' ? [properties['peer']] : []),
  view: ({ properties }) => properties,
};
const context = { rules: [network], publicAddressPools: [], subscriptionId: 's1' };
const path = (name: string): string =>
  `/subscriptions/{subscriptionId}/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/${name}`;

test('resources are stored in order, with the placeholder replaced and a GUID that is the same each time', () => {
  const puts = [
    { put: '/subscriptions/{subscriptionId}/resourceGroups/g', body: { location: 'westeurope' } },
    { put: path('a'), body: { location: 'westeurope', properties: {} } },
    { put: path('b'), body: { location: 'westeurope', properties: { peer: path('a') } } },
  ];
  const loaded = resourcesFromArm(puts, context);
  expect(loaded.issues).toEqual([]);
  expect(loaded.resources.map(({ id }) => id)).toEqual([path('a'), path('b')].map((id) => id.replace('{subscriptionId}', 's1')));
  expect(loaded.resources[0]?.allocated).toEqual({ resourceGuid: '00000000-0000-4000-8000-000000000001' });
  expect(resourcesFromArm(puts, context)).toEqual(loaded);
});

test('a child rewrites its parent, a second PUT keeps what was allocated, a key has a version', () => {
  const puts = [
    { put: path('a'), body: { location: 'westeurope', properties: { key: 1 } } },
    { put: `${path('A')}/subnets/apps`, body: { properties: { addressPrefix: '10.1.0.0/24' } } },
  ];
  const { resources, secretVersions, issues } = resourcesFromArm(puts, context);
  expect(issues).toEqual([]);
  expect(resources).toHaveLength(1);
  expect(resources[0]).toMatchObject({ name: 'a', allocated: { resourceGuid: '00000000-0000-4000-8000-000000000001' } });
  expect(resources[0]?.properties['subnets']).toEqual([{ name: 'apps', properties: { addressPrefix: '10.1.0.0/24' } }]);
  expect(secretVersions.has(secretId(resources[0]?.id ?? '', 'sharedKey'))).toBe(true);
});

test('what is refused is an issue with its path, and the rest is loaded', () => {
  const puts = [
    { put: path('broken'), body: { properties: { broken: true } } },
    { put: path('alone'), body: { location: 'westeurope', properties: { peer: path('gone') } } },
    { put: `${path('gone')}/subnets/x`, body: {} },
    { put: path('a').replace('virtualNetworks', 'loadBalancers'), body: {} },
    { put: path('fine'), body: { location: 'westeurope' } },
  ];
  const { resources, issues } = resourcesFromArm(puts, context);
  expect(resources.map(({ name }) => name)).toEqual(['fine']);
  expect(issues.map(({ code }) => code)).toEqual([
    'InvalidRequestFormat',
    'InvalidResourceReference',
    'ParentResourceNotFound',
    'InvalidResourceType',
  ]);
  expect(issues[0]?.message).toBe(`${path('broken').replace('{subscriptionId}', 's1')}: Broken.`);
});
