/** Members of a body, spelled as the schemas have them, and those that nobody knows. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { text } from './fields.ts';
import { spelledAs } from './members.ts';
import { readMembers } from './parse.ts';

const site = z.object({ gatewayIpAddress: text.optional(), bgpSettings: z.object({ asn: z.int() }).optional() });
const schemas = [
  z.object({ location: text, tags: z.record(z.string(), text).default({}) }),
  z.object({ properties: z.object({ ...site.shape, ipConfigurations: z.array(z.object({ name: text, properties: site })).default([]) }) }),
];

describe('a member', () => {
  it('is known in any case, wherever it is, and gets the spelling of the schema', () => {
    const body = {
      Location: 'westeurope',
      Properties: { GatewayIPAddress: '203.0.113.1', IpConfigurations: [{ Name: 'a', properties: { BGPSettings: { ASN: 1 } } }] },
    };
    expect(spelledAs(schemas, body)).toEqual({
      body: {
        location: 'westeurope',
        properties: { gatewayIpAddress: '203.0.113.1', ipConfigurations: [{ name: 'a', properties: { bgpSettings: { asn: 1 } } }] },
      },
      unknown: [],
    });
  });

  it('that is given twice counts as the schema spells it', () => {
    expect(spelledAs(schemas, { Location: 'a', location: 'b' }).body).toEqual({ location: 'b' });
  });

  it('of a table, such as tags, keeps its case and is never unknown', () => {
    const body = { location: 'westeurope', tags: { CostCentre: '1', costcentre: '2' } };
    expect(spelledAs(schemas, body)).toEqual({ body, unknown: [] });
  });

  it('that Azure has and we have not is passed over', () => {
    const body = { location: 'westeurope', properties: { enableHighBandwidthVpnGateway: true, 'name@odata.type': 'x' } };
    expect(spelledAs(schemas, body)).toEqual({ body, unknown: [] });
  });

  it.each([
    ['at the top', { propertis: {} }, 'propertis'],
    ['of the properties', { properties: { gatewayIpAdress: '203.0.113.1' } }, 'properties.gatewayIpAdress'],
    ['of an item', { properties: { ipConfigurations: [{ naem: 'a' }] } }, 'properties.ipConfigurations[0].naem'],
  ])('that nobody knows is refused with its path: %s', (_where, body, target) => {
    expect(readMembers(schemas, body)).toMatchObject({
      issues: [
        { code: 'InvalidRequestFormat', target, details: [{ message: expect.stringMatching(/^Could not find member '\w+' on the/) }] },
      ],
    });
  });
});

it('a body that is no object is refused once', () => {
  expect([[], null, 'x'].map((body) => readMembers(schemas, body)).map((read) => (read.ok ? 0 : read.issues.length))).toEqual([1, 1, 1]);
});

it('what is refused is not longer than an answer should be', () => {
  const body = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`${'x'.repeat(1_000)}${index}`, 1]));
  const refused = readMembers(schemas, body);
  expect(refused.ok ? 0 : refused.issues.length).toBe(20);
  expect(JSON.stringify(refused)).not.toContain('x'.repeat(1_001));
});
