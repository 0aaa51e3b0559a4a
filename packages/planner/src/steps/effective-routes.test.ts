/** Effective routes: Azure's precedence, route tables of subnets, the default site, and the way to the Internet. */
import type { JsonObject, Resource, VnetPlan, VnetRoute } from '@sallyport/model';
import { describe, expect, test } from 'vitest';
import type { PlanResult } from '../input.ts';
import { plan } from '../plan.ts';
import { connection, gateway, hq, idOf, inputOf, resource, site, siteWithConnection, virtualNetwork } from '../testing/fixture.ts';

const vnetOf = ({ plan: { hosts } }: PlanResult): VnetPlan => {
  const [vnet] = hosts[0]?.vnets ?? [];
  if (vnet === undefined) throw new Error('no virtual network is planned');
  return vnet;
};
const text = ({ prefix, nextHopType, nextHops, source, subnet }: VnetRoute): string =>
  [prefix, nextHopType, ...nextHops, subnet?.split('/').at(-1) ?? '', source].filter((word) => word !== '').join(' ');
const messages = ({ report }: PlanResult): readonly string[] =>
  report
    .flatMap(({ reason, notInEffect = [] }) => [...(reason === undefined ? [] : [reason]), ...notInEffect])
    .map(({ message }) => message);

const routeTable = (routes: readonly (readonly [prefix: string, type: string, address?: string])[], more: JsonObject = {}): Resource =>
  resource('routeTables', 'rt', {
    properties: {
      routes: routes.map(([addressPrefix, nextHopType, nextHopIpAddress], index) => ({
        name: `r${index}`,
        properties: { addressPrefix, nextHopType, ...(nextHopIpAddress === undefined ? {} : { nextHopIpAddress }) },
      })),
      disableBgpRoutePropagation: false,
      ...more,
    },
  });

/** VNet `hq` whose subnet `web` has the route table, with a gateway and a site. */
function landscape(
  table: Resource,
  subnetMore: JsonObject = { routeTable: { id: idOf('routeTables', 'rt') } },
  gatewayMore: JsonObject = {},
): readonly Resource[] {
  const subnets = { web: '10.1.0.0/24', data: '10.1.1.0/24', GatewaySubnet: '10.1.255.0/27' };
  const vnet = virtualNetwork('hq', ['10.1.0.0/16'], subnets, {
    subnets: Object.entries(subnets).map(([name, addressPrefix]) => ({
      name,
      properties: { addressPrefix, ...(name === 'web' ? subnetMore : {}) },
    })),
  });
  const gw = gateway('hq', 'hq', { address: '198.51.100.4', privateAddress: '10.1.255.4', more: gatewayMore });
  return [vnet, gw, table, ...siteWithConnection(1)];
}
const webRoutes = (resources: readonly Resource[]): readonly string[] => {
  const result = plan(inputOf(resources));
  expect(result.issues).toEqual([]);
  return (vnetOf(result).subnets.find(({ subnet }) => subnet.endsWith('/web'))?.routes ?? []).map(text);
};

const local = [
  '10.1.0.0/16 VnetLocal Default',
  '10.1.0.0/24 VnetLocal web Default',
  '10.1.1.0/24 VnetLocal data Default',
  '10.1.255.0/27 VnetLocal GatewaySubnet Default',
];
const dropped = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'].map((prefix) => `${prefix} None Default`);
const sorted = (...routes: readonly string[]): readonly string[] => {
  const key = (route: string): bigint => {
    const [address = '', length = ''] = (route.split(' ')[0] ?? '').split('/');
    return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) * 64n + BigInt(length);
  };
  return routes.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
};
const toGateway = '192.168.1.0/24 VirtualNetworkGateway 10.1.255.4 VirtualNetworkGateway';

describe('a subnet with a route table', () => {
  test('has a table of its own, and a user’s route wins over the system’s', () => {
    expect(webRoutes(landscape(routeTable([['0.0.0.0/0', 'None']])))).toEqual(
      sorted('0.0.0.0/0 None User', ...local, ...dropped, toGateway),
    );
  });

  test('a user’s route wins over the gateway’s; a longer prefix over both', () => {
    const table = routeTable([
      ['192.168.1.0/24', 'None'],
      ['192.168.1.128/25', 'VirtualNetworkGateway'],
    ]);
    expect(webRoutes(landscape(table)).filter((route) => route.startsWith('192.168.1.'))).toEqual([
      '192.168.1.0/24 None User',
      '192.168.1.128/25 VirtualNetworkGateway 10.1.255.4 User',
    ]);
  });

  test('a route for the whole network takes what goes to its subnets, but for what is left to the network again', () => {
    const table = routeTable([
      ['10.1.0.0/16', 'VirtualAppliance', '10.1.1.9'],
      ['10.1.0.0/24', 'VnetLocal'],
      ['10.1.1.128/25', 'VnetLocal'],
    ]);
    expect(webRoutes(landscape(table)).filter((route) => route.startsWith('10.1.'))).toEqual([
      '10.1.0.0/16 VirtualAppliance 10.1.1.9 User',
      '10.1.0.0/24 VnetLocal web User',
      '10.1.1.128/25 VnetLocal data User',
    ]);
  });

  test('does not learn the gateway’s routes when it does not want to', () => {
    const table = routeTable([], { disableBgpRoutePropagation: true });
    expect(webRoutes(landscape(table))).toEqual(sorted('0.0.0.0/0 Internet Default', ...local, ...dropped));
  });

  test('an appliance that is in no subnet gets nothing, service tags are left out, and the report says both', () => {
    const table = routeTable([
      ['172.20.0.0/16', 'VirtualAppliance', '10.9.0.4'],
      ['Storage', 'Internet'],
    ]);
    const result = plan(inputOf(landscape(table)));
    expect(webRoutes(landscape(table))).toContain('172.20.0.0/16 VirtualAppliance User');
    expect(messages(result)).toEqual([
      'route table rt: routes of service tags and of IPv6 are not applied (r1)',
      'route table rt: the appliance is in no subnet of the virtual network: packets are dropped (r0)',
    ]);
  });

  test('that is empty has the table of the network', () => {
    expect(webRoutes(landscape(routeTable([])))).toEqual([]);
    expect(messages(plan(inputOf([...hq(), routeTable([])])))).toEqual(['route table rt not planned: no planned subnet uses it']);
  });
});

test('a subnet without default outbound access has no Internet, whatever its routes say', () => {
  const table = routeTable([['203.0.113.0/24', 'Internet']]);
  const routes = webRoutes(landscape(table, { defaultOutboundAccess: false, routeTable: { id: idOf('routeTables', 'rt') } }));
  expect(routes.filter((route) => route.includes('Internet'))).toEqual([]);
  expect(routes).toEqual(expect.arrayContaining(['0.0.0.0/0 None Default', '203.0.113.0/24 None User']));
});

describe('a default site', () => {
  const site1 = { gatewayDefaultSite: { id: idOf('localNetworkGateways', 'site1') } };

  test('takes 0.0.0.0/0 to the gateway and into its tunnel; a subnet with a route to the Internet is exempt', () => {
    const resources = landscape(routeTable([['0.0.0.0/0', 'Internet']]), undefined, site1);
    const result = plan(inputOf(resources));
    expect(vnetOf(result).routes.map(text)[0]).toBe('0.0.0.0/0 VirtualNetworkGateway 10.1.255.4 VirtualNetworkGateway');
    expect(webRoutes(resources)[0]).toBe('0.0.0.0/0 Internet User');
    expect(result.plan.hosts[0]?.instances[0]?.tunnels[0]?.remotePrefixes).toEqual(['0.0.0.0/0', '192.168.1.0/24']);
    expect(messages(result)).toEqual([]);
  });

  test('without a connection leads to the gateway all the same, where it ends, and the report says so', () => {
    const resources = [...hq(site1), site('site1', ['192.168.1.0/24'], { gatewayIpAddress: '203.0.113.11' })];
    const result = plan(inputOf(resources));
    expect(vnetOf(result).routes.map(text)[0]).toBe('0.0.0.0/0 VirtualNetworkGateway 10.1.255.4 VirtualNetworkGateway');
    expect(messages(result)).toContain('gateway hq: no connection leads to its default site site1, so Internet traffic goes nowhere');
    expect(result.issues).toEqual([]);
  });

  test('needs no prefix of its own, and other sites keep theirs', () => {
    const sites = [
      site('site1', [], { gatewayIpAddress: '203.0.113.11' }),
      connection('hq-site1', 'hq', 'site1'),
      ...siteWithConnection(2),
    ];
    const tunnels = plan(inputOf([...hq(site1), ...sites])).plan.hosts[0]?.instances[0]?.tunnels ?? [];
    expect(tunnels.map(({ remotePrefixes }) => remotePrefixes)).toEqual([['0.0.0.0/0'], ['192.168.2.0/24']]);
  });
});

describe('the outbound address', () => {
  const outbounds = ({ plan: { hosts } }: PlanResult) => hosts.flatMap(({ vnets }) => vnets.map(({ outbound }) => outbound?.address));
  const networks = ['a', 'b'].map((name, index) => virtualNetwork(name, [`10.${index}.0.0/16`], { all: `10.${index}.0.0/24` }));

  test('is the highest free one, and stays', () => {
    const first = plan(inputOf(networks.slice(1)));
    expect(outbounds(first)).toEqual(['198.51.100.254']);
    expect(outbounds(plan(inputOf(networks, first.plan)))).toEqual(['198.51.100.253', '198.51.100.254']);
  });

  test('yields to a public IP address', () => {
    const first = plan(inputOf(networks));
    const address = resource('publicIPAddresses', 'ip', { allocated: { ipAddress: '198.51.100.254' } });
    const second = plan(inputOf([...networks, address], first.plan));
    expect([outbounds(first), outbounds(second)]).toEqual([
      ['198.51.100.254', '198.51.100.253'],
      ['198.51.100.252', '198.51.100.253'],
    ]);
    expect(second.issues).toEqual([]);
  });

  test('is none without a public network, and then there is no Internet', () => {
    const input = inputOf(networks);
    const result = plan({ ...input, inventory: { ...input.inventory, publicNetworks: [] } });
    expect(outbounds(result)).toEqual([undefined, undefined]);
    expect(vnetOf(result).routes.map(text)[0]).toBe('0.0.0.0/0 None Default');
    expect(result.issues).toEqual([]);
  });
});
