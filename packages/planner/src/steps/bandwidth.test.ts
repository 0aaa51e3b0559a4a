/** The bandwidth a gateway's tag gives it, in the plan and as it is printed. */
import { expect, test } from 'vitest';
import { plan } from '../plan.ts';
import { printPlan } from '../print/print.ts';
import { hq, inputOf, siteWithConnection } from '../testing/fixture.ts';

const planned = (tags: Readonly<Record<string, string>>, more = {}) => {
  const resources = [...hq(more), ...siteWithConnection(1)];
  const tagged = resources.map((one) => (one.type.endsWith('/virtualNetworkGateways') ? { ...one, tags } : one));
  return plan(inputOf(tagged)).plan;
};
const bandwidth = (...args: Parameters<typeof planned>) => planned(...args).hosts[0]?.instances[0]?.bandwidth;

test('without the tag there is none, so that a plan of before is the same', () => {
  expect(planned({}).hosts[0]?.instances[0]).not.toHaveProperty('bandwidth');
});

test('a rate, or what SKU and generation have in Azure', () => {
  expect(bandwidth({ 'sallyport:bandwidth': '50Mbps' })).toEqual({ bitsPerSecond: 50_000_000 });
  expect(bandwidth({ 'sallyport:bandwidth': 'sku' })).toEqual({ bitsPerSecond: 650_000_000 });
  const larger = { sku: { name: 'VpnGw2AZ', tier: 'VpnGw2AZ' }, vpnGatewayGeneration: 'Generation2' };
  expect(bandwidth({ 'sallyport:bandwidth': 'sku' }, larger)).toEqual({ bitsPerSecond: 1_250_000_000 });
});

test('a value that no rule would let in changes nothing', () => {
  expect(bandwidth({ 'sallyport:bandwidth': 'much' })).toBeUndefined();
});

test('the printed plan says so', () => {
  expect(printPlan(planned({ 'sallyport:bandwidth': '50Mbps' }))).toContain('bandwidth 50 Mbit/s each way');
});
