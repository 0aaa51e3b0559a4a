/** The tag of a gateway's bandwidth: what it may say, and what that is in bits per second. */
import { expect, test } from 'vitest';
import { vpnSkus } from '../skus.ts';
import { bandwidthIssues, bandwidthOf } from './bandwidth.ts';

const basic = { name: 'Basic', generation: 'Generation1' };

test.each([
  ['64kbps', 64_000],
  ['50Mbps', 50_000_000],
  [' 2 gbps ', 2_000_000_000],
  ['100Gbps', 100_000_000_000],
  ['SKU', 100_000_000],
])('%s is %i bits per second on Basic', (value, bits) => {
  const tags = { other: 'x', 'Sallyport:Bandwidth': value };
  expect(bandwidthIssues(tags)).toEqual([]);
  expect(bandwidthOf(tags, basic)).toBe(bits);
});

test.each(['', '0Mbps', '63kbps', '101Gbps', '-1Mbps', '1.5Gbps', '50', '50 MB/s', 'skus', 'Mbps'])('%j is refused', (value) => {
  expect(bandwidthIssues({ 'sallyport:bandwidth': value }).map(({ code }) => code)).toEqual(['InvalidBandwidth']);
});

test('without the tag there is no limit', () => {
  expect([bandwidthIssues({}), bandwidthOf({}, basic)]).toEqual([[], undefined]);
});

test('every SKU has the aggregate throughput of its generation', () => {
  for (const { name, generation, throughputMbps } of vpnSkus)
    expect(bandwidthOf({ 'sallyport:bandwidth': 'sku' }, { name, generation })).toBe(throughputMbps * 1_000_000);
});
