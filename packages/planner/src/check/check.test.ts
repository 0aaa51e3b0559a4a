/** The checker finds each kind of damage in a plan that is otherwise sound, and nothing in the sound one. */
import type { InstancePlan, Plan, TunnelPlan } from '@sallyport/model';
import { expect, test } from 'vitest';
import { plan } from '../plan.ts';
import { hq, inputOf, siteWithConnection } from '../testing/fixture.ts';
import { checkPlan } from './check.ts';

const sound = plan(inputOf([...hq(), ...siteWithConnection(1), ...siteWithConnection(2)])).plan;
type Host = Plan['hosts'][number];

const damaged = (damage: (host: Host) => Host): Plan => ({ ...sound, hosts: sound.hosts.map(damage) });
const instance = (change: (one: InstancePlan) => Partial<InstancePlan>): Plan =>
  damaged((host) => ({ ...host, instances: host.instances.map((one) => ({ ...one, ...change(one) })) }));
const firstTunnel = (change: (one: TunnelPlan) => Partial<TunnelPlan>): Plan =>
  instance(({ tunnels }) => ({ tunnels: tunnels.map((one, index) => (index === 0 ? { ...one, ...change(one) } : one)) }));
const vnets = (change: (vnet: Host['vnets'][number]) => Partial<Host['vnets'][number]>): Plan =>
  damaged((host) => ({ ...host, vnets: host.vnets.map((vnet) => ({ ...vnet, ...change(vnet) })) }));

test('a sound plan has no issues', () => {
  expect(checkPlan(sound)).toEqual([]);
});

test.each<readonly [string, Plan, string]>([
  [
    'an interface id given twice',
    firstTunnel(() => ({ ifId: 2 })),
    'PlanDuplicateId: tunnel interface 2 is given to hq-site1 and to hq-site2',
  ],
  ['an interface id of 0', firstTunnel(() => ({ ifId: 0 })), 'PlanBadId: tunnel interface id 0 of hq-site1 is no id'],
  [
    'a link given twice',
    instance((one) => ({ vnet: { ...one.vnet, linkId: one.public.linkId } })),
    'PlanDuplicateId: link 2 is given to IN_0 and to IN_0',
  ],
  [
    'a tunnel name given twice',
    firstTunnel(() => ({ name: 'hq-site2' })),
    'PlanDuplicateId: tunnel hq-site2 is given to hq-site1 and to hq-site2',
  ],
  [
    'a name charon would choke on',
    firstTunnel(() => ({ name: 'a b' })),
    'PlanBadName: tunnel name "a b" of hq-site1 is not made of a-z, 0-9 and -',
  ],
  [
    'a namespace of the fabric',
    instance(() => ({ namespace: 'public' })),
    'PlanDuplicateId: namespace public is given to the public network and to IN_0',
  ],
  [
    'the same VNet on two hosts',
    { ...sound, hosts: [...sound.hosts, { ...(sound.hosts[0] as Host), host: 'other', instances: [], networkInterfaces: [] }] },
    'is planned on host lab and again on other',
  ],
  ['a subnet that is not there', vnets(() => ({ subnets: [] })), 'PlanUnresolved: vm1 is in subnet workload, which is not on its host'],
  [
    'a next hop nobody has',
    vnets(({ routes }) => ({ routes: routes.map((route) => ({ ...route, nextHops: route.nextHops.length === 0 ? [] : ['10.1.255.9'] })) })),
    'PlanMissingPeer: virtual network hq routes 192.168.1.0/24 to 10.1.255.9, which no gateway has',
  ],
  [
    'an appliance outside',
    vnets(({ routes }) => ({
      routes: [...routes, { prefix: '172.20.0.0/16', source: 'User', nextHopType: 'VirtualAppliance', nextHops: ['10.9.0.4'] }],
    })),
    'PlanMissingPeer: virtual network hq routes 172.20.0.0/16 to 10.9.0.4, which no subnet has',
  ],
  [
    'a way to the Internet that is not there',
    damaged((host) => ({
      ...host,
      vnets: host.vnets.map(({ vnet, namespace, addressPrefixes, subnets, routes }) => ({
        vnet,
        namespace,
        addressPrefixes,
        subnets,
        routes,
      })),
    })),
    'PlanMissingPeer: virtual network hq routes 0.0.0.0/0 to the Internet and has no way there',
  ],
  [
    'a prefix that is not routed to its gateway',
    vnets(() => ({ routes: [] })),
    "PlanMissingPeer: virtual network hq does not route 192.168.1.0/24 to hq's gateway",
  ],
  [
    'two routes for one prefix',
    vnets(({ routes }) => ({ routes: [...routes, ...routes.slice(0, 1)] })),
    'PlanOverlap: virtual network hq has two routes for 0.0.0.0/0',
  ],
  [
    'a route for a connected subnet',
    vnets(({ routes }) => ({ routes: [...routes, { prefix: '10.1.0.0/24', source: 'Default', nextHopType: 'None', nextHops: [] }] })),
    'PlanOverlap: virtual network hq routes its own subnet 10.1.0.0/24',
  ],
  [
    'an address given twice',
    damaged((host) => ({ ...host, networkInterfaces: host.networkInterfaces.map((nic) => ({ ...nic, address: '10.1.0.1/24' })) })),
    'PlanDuplicateAddress: address 10.1.0.1 is given to workload and to vm1',
  ],
  [
    'an address outside its subnet',
    damaged((host) => ({ ...host, networkInterfaces: host.networkInterfaces.map((nic) => ({ ...nic, address: '10.2.0.4/24' })) })),
    'PlanAddressOutside: address 10.2.0.4 of vm1 is outside 10.1.0.0/24',
  ],
  [
    'subnets that overlap',
    vnets(({ subnets }) => ({ subnets: subnets.map((subnet) => ({ ...subnet, router: '10.1.0.1/16' })) })),
    'PlanOverlap: subnets of hq overlap: 10.1.0.0/16 and 10.1.0.0/16',
  ],
  [
    'public networks that overlap',
    damaged((host) => ({ ...host, publicNetworks: [...host.publicNetworks, { prefix: '198.51.100.0/25', router: '198.51.100.3' }] })),
    'PlanOverlap: public networks overlap: 198.51.100.0/24 and 198.51.100.0/25',
  ],
  [
    'a peer that is the instance itself',
    firstTunnel(({ ike }) => ({ ike: { ...ike, remoteAddress: ike.localAddress } })),
    'PlanMissingPeer: connection hq-site1 has no peer but itself',
  ],
  [
    'one peer for two connections',
    firstTunnel(({ ike }) => ({ ike: { ...ike, remoteAddress: '203.0.113.12' } })),
    'PlanOverlap: peer 203.0.113.12 is that of connections hq-site1 and hq-site2',
  ],
  [
    'one prefix for two connections',
    firstTunnel(() => ({ remotePrefixes: ['192.168.2.0/24'] })),
    'PlanOverlap: prefix 192.168.2.0/24 is that of connections hq-site1 and hq-site2',
  ],
  [
    "the VNet's own prefix behind a peer",
    firstTunnel(() => ({ remotePrefixes: ['10.1.3.0/24'] })),
    "PlanOverlap: connection hq-site1 routes 10.1.3.0/24, which is the virtual network's own",
  ],
  [
    'nothing to propose',
    firstTunnel(({ esp }) => ({ esp: { ...esp, offers: [] } })),
    'PlanImpossibleTunnel: connection hq-site1 has an empty list of proposals',
  ],
  [
    'a tunnel that neither initiates nor responds',
    firstTunnel(({ ike }) => ({ ike: { ...ike, initiates: false, responds: false } })),
    'PlanImpossibleTunnel: connection hq-site1 neither initiates nor responds',
  ],
])('%s', (_, broken, expected) => {
  expect(checkPlan(broken).map(({ code, message }) => `${code}: ${message}`)).toContainEqual(expect.stringContaining(expected));
});
