/** Rules of every resource: body, name, tags, location, references. */
import { describe, expect, it } from 'vitest';
import { accepts, refuses } from './cases.ts';
import { bodies, id, location, newWorld, siteToSite, types } from './world.ts';

const site = (body: object): ReturnType<ReturnType<typeof newWorld>['put']> => newWorld().put(types.localNetworkGateway, 'hq', body);
const tagged = (tags: Record<string, string>): ReturnType<typeof site> => site({ ...bodies.site(), tags });

describe('bodies', () => {
  refuses([
    [
      'ARM-JSON-001',
      'InvalidRequestFormat',
      'an unknown enum value',
      () => newWorld().put(types.publicIpAddress, 'a', bodies.address({ publicIPAllocationMethod: 'Sometimes' })),
    ],
    [
      'ARM-JSON-001',
      'InvalidRequestFormat',
      'a missing required member',
      () => siteToSite().put(types.connection, 'x', bodies.connection('hq', { connectionType: undefined })),
    ],
    [
      'ARM-JSON-001',
      'InvalidRequestFormat',
      'a wrong kind of value',
      () => newWorld().put(types.virtualNetwork, 'v', bodies.network('10.1', { subnets: 'all' })),
    ],
    ['ARM-JSON-001', 'InvalidRequestFormat', 'a body that is a list', () => newWorld().put(types.virtualNetwork, 'v', [])],
    ['ARM-LOC-001', 'LocationRequired', 'a body without location', () => site({ properties: bodies.site().properties })],
    [
      'ARM-LOC-002',
      'InvalidResourceLocation',
      'another location',
      () => siteToSite().put(types.localNetworkGateway, 'hq', { ...bodies.site(), location: 'eastus' }),
    ],
  ]);

  it('says where the value is and what type it should have', () => {
    const result = newWorld().put(types.publicIpAddress, 'a', bodies.address({ publicIPAllocationMethod: 'Sometimes' }));
    expect(result).toMatchObject({
      ok: false,
      issues: [
        {
          message: 'Cannot parse the request.',
          target: 'properties.publicIPAllocationMethod',
          details: [
            {
              code: 'InvalidJson',
              message: "Error converting value \"Sometimes\" to type 'IpAllocationMethod'. Path 'properties.publicIPAllocationMethod'.",
            },
          ],
        },
      ],
    });
  });

  it('finds all problems of a body at once', () => {
    const result = siteToSite().put(
      types.connection,
      'x',
      bodies.connection('hq', { connectionType: 'Pigeon', connectionMode: 'Shy', enableBgp: 'perhaps' }),
    );
    expect(!result.ok && result.issues.map((issue) => issue.target)).toEqual([
      'properties.connectionType',
      'properties.connectionMode',
      'properties.enableBgp',
    ]);
  });

  accepts([
    [
      'enum values in any case, booleans and numbers as text',
      () => newWorld().put(types.publicIpAddress, 'a', bodies.address({ publicIPAllocationMethod: 'STATIC', idleTimeoutInMinutes: '10' })),
    ],
    ['a location as people write it', () => newWorld().put(types.localNetworkGateway, 'a', { ...bodies.site(), location: 'West Europe' })],
  ]);
});

describe('names and tags', () => {
  refuses([
    ['ARM-NAME-001', 'InvalidResourceName', 'a hyphen at the end', () => newWorld().put(types.localNetworkGateway, 'hq-', bodies.site())],
    [
      'ARM-NAME-001',
      'InvalidResourceName',
      '81 characters',
      () => newWorld().put(types.localNetworkGateway, 'x'.repeat(81), bodies.site()),
    ],
    [
      'ARM-NAME-001',
      'InvalidResourceName',
      'a child with a slash',
      () =>
        newWorld().put(
          types.virtualNetwork,
          'v',
          bodies.network('10.1', { subnets: [{ name: 'a/b', properties: { addressPrefix: '10.1.0.0/24' } }] }),
        ),
    ],
    [
      'ARM-NAME-002',
      'DuplicateResourceName',
      'two children of one name',
      () =>
        newWorld().put(
          types.virtualNetwork,
          'v',
          bodies.network('10.1', {
            subnets: [
              { name: 'a', properties: { addressPrefix: '10.1.0.0/24' } },
              { name: 'A', properties: { addressPrefix: '10.1.1.0/24' } },
            ],
          }),
        ),
    ],
    [
      'ARM-TAG-001',
      'TooManyTags',
      '51 tags',
      () => tagged(Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, 'x']))),
    ],
    ['ARM-TAG-002', 'InvalidTagName', 'a tag name of 513 characters', () => tagged({ ['x'.repeat(513)]: 'x' })],
    ['ARM-TAG-002', 'InvalidTagName', 'a tag name with a question mark', () => tagged({ 'why?': 'x' })],
    ['ARM-TAG-003', 'InvalidTagValueLength', 'a tag value of 257 characters', () => tagged({ a: 'x'.repeat(257) })],
    ['ARM-TAG-004', 'DuplicateTagName', 'two tags that differ in case', () => tagged({ env: 'a', ENV: 'b' })],
  ]);
  accepts([
    [
      '50 tags of full length',
      () => tagged(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}`.padEnd(512, 'x'), 'x'.repeat(256)]))),
    ],
    ['a name that ends with an underscore', () => newWorld().put(types.localNetworkGateway, 'hq.1-a_', bodies.site())],
  ]);
});

describe('references', () => {
  refuses([
    [
      'ARM-REF-001',
      'InvalidResourceReference',
      'a site that is not there',
      () => siteToSite().put(types.connection, 'x', bodies.connection('nowhere')),
    ],
    [
      'ARM-REF-001',
      'InvalidResourceReference',
      'a resource of another type',
      () => siteToSite().put(types.connection, 'x', bodies.connection('hq', { localNetworkGateway2: { id: id.gateway('gw') } })),
    ],
    [
      'ARM-REF-001',
      'InvalidResourceReference',
      'a resource in another region',
      () => {
        const world = siteToSite();
        world.make(types.localNetworkGateway, 'far', { ...bodies.site('203.0.113.20', ['192.0.2.0/24']), location: 'eastus' });
        return world.put(types.connection, 'x', bodies.connection('far'));
      },
    ],
  ]);
  it('knows one region by its spellings', () => {
    expect(siteToSite().get(types.localNetworkGateway, 'hq').location).toBe(location);
  });
});

describe('prefixes', () => {
  refuses([
    ['NET-CIDR-001', 'InvalidAddressPrefixFormat', 'a prefix without length', () => site(bodies.site('203.0.113.10', ['192.168.0.0']))],
    ['NET-CIDR-002', 'InvalidCIDRNotation', 'host bits', () => site(bodies.site('203.0.113.10', ['192.168.0.1/16']))],
  ]);
});
