/** The packet filter and NAT of a VNet's way to the Internet, as a readable document. */
import { expect, test } from 'vitest';
import { samplePlan } from '../../sample-plan.ts';
import { outboundTable } from './outbound.ts';

const [vnet] = samplePlan([]).vnets;

test('only the network’s own addresses leave, translated, and only replies come in', async () => {
  if (vnet === undefined) throw new Error('the sample plan has no virtual network');
  const table = outboundTable({ ...vnet, outbound: { linkId: 9, address: '198.51.100.254', router: '198.51.100.1' } });
  await expect(table?.text).toMatchFileSnapshot('outbound.golden.txt');
  expect(outboundTable(vnet)).toBeUndefined();
});
