/** ARM JSON as the SDK's models have it. */
import { expect, test } from 'vitest';
import { sdkModel } from './sdk.ts';

test('members of properties are lifted at every depth, and nothing else moves', () => {
  const body = {
    location: 'westeurope',
    sku: { name: 'Standard' },
    properties: {
      subnets: [{ name: 'a', properties: { addressPrefix: '10.0.0.0/24', nested: [{ properties: { deep: true } }] } }],
      addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
    },
  };
  expect(sdkModel(body)).toEqual({
    location: 'westeurope',
    sku: { name: 'Standard' },
    subnets: [{ name: 'a', addressPrefix: '10.0.0.0/24', nested: [{ deep: true }] }],
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
  });
});
