/** XFRM interfaces as `ip` lines, and the kernel engine's filter with its MSS clamp. */
import { expect, test } from 'vitest';
import type { IpLink, NamespaceReading } from '@sallyport/protocols';
import { samplePlan } from '../../sample-plan.ts';
import { renderFilter } from '../filter/render.ts';
import { diffXfrmInterfaces } from './kernel-diff.ts';

const [instance] = samplePlan([
  { name: 'a', address: '198.51.100.21', prefixes: ['192.168.1.0/24'] },
  { name: 'b', address: '198.51.100.22', prefixes: ['192.168.2.0/24'] },
]).instances;
if (instance === undefined) throw new Error('the sample has an instance');

const reading = (...links: readonly IpLink[]): NamespaceReading => ({ links, routes: [], rules: [] });
const device = (name: string, changes: Partial<IpLink> = {}): IpLink => ({
  name,
  index: 9,
  kind: 'xfrm',
  ifId: Number(name.slice(1)),
  isUp: true,
  mtu: 1400,
  addresses: [],
  ...changes,
});
const lines = (...links: readonly IpLink[]): readonly string[] => diffXfrmInterfaces(instance, reading(...links)).map(({ line }) => line);

test('every tunnel gets an XFRM interface on the public leg', () => {
  expect(lines()).toEqual([
    'link add name t1 type xfrm dev public if_id 1',
    'link set dev t1 mtu 1400 up',
    'link add name t2 type xfrm dev public if_id 2',
    'link set dev t2 mtu 1400 up',
  ]);
});

test('a tunnel from the private address has its interface on the VNet leg, and is made anew when that changes', () => {
  const [first, ...others] = instance.tunnels;
  if (first === undefined) throw new Error('the sample has tunnels');
  const moved = { ...instance, tunnels: [{ ...first, ike: { ...first.ike, localAddress: '10.1.255.4' } }, ...others] };
  const of = (lower: string) => diffXfrmInterfaces(moved, reading(device('t1', { lower }), device('t2', { lower: 'public' })));
  expect(of('vnet')).toEqual([]);
  expect(of('public').map(({ line }) => line)).toEqual([
    'link delete t1',
    'link add name t1 type xfrm dev vnet if_id 1',
    'link set dev t1 mtu 1400 up',
  ]);
});

test('interfaces that stand are left alone; only what differs is set', () => {
  expect(lines(device('t1'), device('t2'))).toEqual([]);
  expect(lines(device('t1', { mtu: 1500 }), device('t2', { isUp: false }))).toEqual(['link set dev t1 mtu 1400', 'link set dev t2 up']);
});

test('a leftover TUN or another if_id is made anew, an unplanned interface goes last', () => {
  expect(lines(device('t1', { kind: 'tun' }), device('t2', { ifId: 7 }), device('t3'))).toEqual([
    'link delete t1',
    'link add name t1 type xfrm dev public if_id 1',
    'link set dev t1 mtu 1400 up',
    'link delete t2',
    'link add name t2 type xfrm dev public if_id 2',
    'link set dev t2 mtu 1400 up',
    'link delete t3',
  ]);
});

test('the filter of an instance is as printed', async () => {
  await expect(renderFilter(instance, true).text).toMatchFileSnapshot('filter-kernel.golden.txt');
  await expect(renderFilter(instance, false).text).toMatchFileSnapshot('../filter/filter-xfrmd.golden.txt');
});
