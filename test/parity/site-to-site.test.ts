/** The main scenario as a GET shows it: what the service allocates and adds, and that a second PUT changes nothing. */
import { describe, expect, it } from 'vitest';
import { asConnection, asNetworkInterface, asVirtualNetworkGateway, isSharedKeyMissing, resourceKey } from '@sallyport/model';
import { bodies, id, newWorld, siteToSite, types } from './world.ts';

describe('site-to-site', () => {
  it('allocates addresses as Azure places them', () => {
    const world = siteToSite();
    const gateway = asVirtualNetworkGateway(world.get(types.virtualNetworkGateway, 'gw'));
    expect(world.get(types.publicIpAddress, 'gw-ip').allocated['ipAddress']).toBe('198.51.100.2');
    expect(gateway?.allocated.bgpPeeringAddress).toBe('10.1.255.30');
    expect(gateway?.allocated.instances).toEqual([
      {
        role: 'IN_0',
        ipConfiguration: 'default',
        privateIPAddress: '10.1.255.4',
        bgpPeeringAddress: '10.1.255.30',
        publicIPAddress: '198.51.100.2',
        publicIPAddressId: id.address('gw-ip'),
      },
      {
        role: 'IN_1',
        ipConfiguration: 'default',
        privateIPAddress: '10.1.255.5',
        bgpPeeringAddress: '10.1.255.30',
        publicIPAddress: '198.51.100.2',
        publicIPAddressId: id.address('gw-ip'),
      },
    ]);
  });

  it('VGW-IP-017: a gateway keeps its public address when it is resized', () => {
    const world = siteToSite();
    const before = world.get(types.virtualNetworkGateway, 'gw').allocated['publicIPAddresses'];
    const after = world.make(
      types.virtualNetworkGateway,
      'gw',
      bodies.gateway('hub', 'gw-ip', { sku: { name: 'VpnGw3', tier: 'VpnGw3' } }),
    );
    expect(before).toEqual({ [resourceKey(id.address('gw-ip'))]: '198.51.100.2' });
    expect(after.allocated['publicIPAddresses']).toEqual(before);
  });

  it('shows the gateway as Azure does', () => {
    const world = siteToSite();
    expect(world.view(types.virtualNetworkGateway, 'gw')).toMatchObject({
      name: 'gw',
      type: 'Microsoft.Network/virtualNetworkGateways',
      location: 'westeurope',
      properties: {
        provisioningState: 'Succeeded',
        resourceGuid: expect.any(String) as string,
        packetCaptureDiagnosticState: 'None',
        gatewayType: 'Vpn',
        vpnType: 'RouteBased',
        vpnGatewayGeneration: 'Generation1',
        enableBgp: false,
        activeActive: false,
        enablePrivateIpAddress: false,
        disableIPSecReplayProtection: false,
        natRules: [],
        virtualNetworkGatewayPolicyGroups: [],
        sku: { name: 'VpnGw2', tier: 'VpnGw2', capacity: 2 },
        ipConfigurations: [
          {
            name: 'default',
            id: `${id.gateway('gw')}/ipConfigurations/default`,
            type: 'Microsoft.Network/virtualNetworkGateways/ipConfigurations',
            properties: {
              provisioningState: 'Succeeded',
              privateIPAllocationMethod: 'Dynamic',
              subnet: { id: id.subnet('hub', 'GatewaySubnet') },
            },
          },
        ],
        bgpSettings: {
          asn: 65515,
          bgpPeeringAddress: '10.1.255.30',
          peerWeight: 0,
          bgpPeeringAddresses: [
            {
              ipconfigurationId: `${id.gateway('gw')}/ipConfigurations/default`,
              defaultBgpIpAddresses: ['10.1.255.30'],
              customBgpIpAddresses: [],
              tunnelIpAddresses: ['198.51.100.2'],
            },
          ],
        },
      },
    });
    expect(world.view(types.virtualNetworkGateway, 'gw')['properties']).not.toHaveProperty('vpnClientConfiguration');
  });

  it('shows who uses a subnet and an address', () => {
    const world = siteToSite();
    const user = `${id.gateway('gw')}/ipConfigurations/default`;
    expect(world.view(types.publicIpAddress, 'gw-ip')).toMatchObject({
      sku: { name: 'Standard', tier: 'Regional' },
      properties: {
        ipAddress: '198.51.100.2',
        ipConfiguration: { id: user },
        idleTimeoutInMinutes: 4,
        ipTags: [],
        publicIPAddressVersion: 'IPv4',
      },
    });
    expect(world.view(types.virtualNetwork, 'hub')).toMatchObject({
      properties: {
        enableDdosProtection: false,
        virtualNetworkPeerings: [],
        subnets: [
          {
            name: 'GatewaySubnet',
            id: id.subnet('hub', 'GatewaySubnet'),
            properties: { ipConfigurations: [{ id: user }], delegations: [] },
          },
          { name: 'apps' },
        ],
      },
    });
  });

  it('VGW-CONN-039: never shows a key, and joins the connection with what was observed', () => {
    const world = siteToSite();
    const observation = {
      connection: world.get(types.connection, 'hq').id,
      instance: `${id.gateway('gw')}/IN_0`,
      observedAt: '2026-01-01T00:00:00Z',
      status: 'Connected',
      ingressBytes: 10,
      egressBytes: 20,
      ingressPackets: 1,
      egressPackets: 2,
      lastEstablishedAt: '2026-01-01T00:00:00Z',
      ikeSas: [],
    } as never;
    const view = world.view(types.connection, 'hq', [observation]);
    expect(JSON.stringify(view)).not.toContain('Abc123');
    expect(view['properties']).toMatchObject({
      connectionType: 'IPsec',
      connectionProtocol: 'IKEv2',
      connectionMode: 'Default',
      connectionStatus: 'Connected',
      ingressBytesTransferred: 10,
      egressBytesTransferred: 20,
      dpdTimeoutSeconds: 0,
      ipsecPolicies: [],
      trafficSelectorPolicies: [],
      virtualNetworkGateway1: { id: id.gateway('gw') },
      localNetworkGateway2: { id: id.site('hq') },
      tunnelConnectionStatus: [{ tunnel: 'hq_198.51.100.2', connectionStatus: 'Connected' }],
    });
    expect(world.view(types.connection, 'hq')['properties']).toMatchObject({ connectionStatus: 'Unknown' });
  });

  it('takes what a GET answered as a PUT without a change', () => {
    const world = siteToSite();
    world.make(types.networkInterface, 'vm1', bodies.nic());
    const all = [
      [types.virtualNetwork, 'hub'],
      [types.publicIpAddress, 'gw-ip'],
      [types.virtualNetworkGateway, 'gw'],
      [types.localNetworkGateway, 'hq'],
      [types.connection, 'hq'],
      [types.networkInterface, 'vm1'],
    ] as const;
    for (const [type, name] of all) {
      const before = world.get(type, name);
      const after = world.make(type, name, world.view(type, name));
      expect({ ...after, etag: '' }).toEqual({ ...before, etag: '' });
    }
  });

  it('VGW-KEY-004: keeps the key out of the properties and asks for one when there is none', () => {
    const world = siteToSite();
    const given = world.put(types.connection, 'hq', bodies.connection());
    expect(given.ok && given.secrets).toEqual({ sharedKey: 'Abc123' });
    const candidate = world.get(types.connection, 'hq');
    expect(isSharedKeyMissing(candidate, {})).toBe(true);
    expect(isSharedKeyMissing(candidate, { sharedKey: 'x' })).toBe(false);
    expect(candidate.properties).not.toHaveProperty('sharedKey');
  });

  it('VGW-CONN-038: the protocol is the one that fits the gateway', () => {
    expect(siteToSite().get(types.connection, 'hq').allocated['connectionProtocol']).toBe('IKEv2');
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    world.make(types.publicIpAddress, 'gw-ip', bodies.address({}, { sku: { name: 'Basic' } }));
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { vpnType: 'PolicyBased', sku: { name: 'Basic' } }));
    world.make(types.localNetworkGateway, 'hq', bodies.site());
    expect(world.make(types.connection, 'hq', bodies.connection()).allocated['connectionProtocol']).toBe('IKEv1');
  });

  it('takes whole objects as references, odd spelling and read-only members as az sends them', () => {
    const world = siteToSite();
    const body = bodies.connection('hq', {
      connectionType: 'IPSec',
      connectionMode: 'default',
      virtualNetworkGateway1: world.view(types.virtualNetworkGateway, 'gw'),
      localNetworkGateway2: world.view(types.localNetworkGateway, 'hq'),
      provisioningState: 'Failed',
      resourceGuid: 'mine',
      connectionStatus: 'Connected',
      peer: null,
    });
    const connection = asConnection(world.make(types.connection, 'hq', body));
    expect(connection?.properties).toMatchObject({ connectionType: 'IPsec', virtualNetworkGateway1: { id: id.gateway('gw') } });
    expect(connection?.properties).not.toHaveProperty('provisioningState');
    expect(connection?.properties.virtualNetworkGateway1).toEqual({ id: id.gateway('gw') });
  });
});

describe('addresses', () => {
  it('gives network interfaces the lowest free address from .4 on, and keeps it', () => {
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    world.make(types.networkInterface, 'a', bodies.nic());
    world.make(types.networkInterface, 'b', bodies.nic({ privateIPAllocationMethod: 'Static', privateIPAddress: '10.1.1.5' }));
    world.make(types.networkInterface, 'c', bodies.nic());
    const address = (name: string): unknown =>
      asNetworkInterface(world.get(types.networkInterface, name))?.allocated.privateIPAddresses['ipconfig1'];
    expect([address('a'), address('b'), address('c')]).toEqual(['10.1.1.4', '10.1.1.5', '10.1.1.6']);
    world.remove(types.networkInterface, 'a');
    world.make(types.networkInterface, 'c', bodies.nic());
    expect(address('c')).toBe('10.1.1.6');
    world.make(types.networkInterface, 'd', bodies.nic());
    expect(address('d')).toBe('10.1.1.4');
  });

  it('gives a dynamic public address when a gateway attaches it', () => {
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    world.make(types.publicIpAddress, 'gw-ip', { location: 'West Europe' });
    expect(world.view(types.publicIpAddress, 'gw-ip')['properties']).not.toHaveProperty('ipAddress');
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { sku: { name: 'Basic' } }));
    expect(world.view(types.publicIpAddress, 'gw-ip')['properties']).toMatchObject({
      ipAddress: '198.51.100.2',
      publicIPAllocationMethod: 'Dynamic',
    });
    world.make(types.publicIpAddress, 'other', bodies.address());
    expect(world.get(types.publicIpAddress, 'other').allocated['ipAddress']).toBe('198.51.100.3');
  });

  it('active-active: the first usable pair, each its own BGP address', () => {
    const world = newWorld();
    world.make(types.virtualNetwork, 'hub', bodies.network());
    world.make(types.publicIpAddress, 'a', bodies.address());
    world.make(types.publicIpAddress, 'b', bodies.address());
    const configuration = (name: string, address: string): object => ({
      name,
      properties: { subnet: { id: id.subnet('hub', 'GatewaySubnet') }, publicIPAddress: { id: id.address(address) } },
    });
    const body = bodies.gateway('hub', 'a', { activeActive: true, ipConfigurations: [configuration('x', 'a'), configuration('y', 'b')] });
    const gateway = asVirtualNetworkGateway(world.make(types.virtualNetworkGateway, 'gw', body));
    expect(gateway?.allocated.bgpPeeringAddress).toBe('10.1.255.4,10.1.255.5');
    expect(gateway?.allocated.instances.map((one) => [one.role, one.ipConfiguration, one.publicIPAddress, one.bgpPeeringAddress])).toEqual([
      ['IN_0', 'x', '198.51.100.2', '10.1.255.4'],
      ['IN_1', 'y', '198.51.100.3', '10.1.255.5'],
    ]);
  });

  it('keeps the addresses of a gateway over a resize and a change of its network', () => {
    const world = siteToSite();
    const before = world.get(types.virtualNetworkGateway, 'gw').allocated;
    world.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { sku: { name: 'VpnGw3', tier: 'VpnGw3' } }));
    expect(world.get(types.virtualNetworkGateway, 'gw').allocated).toEqual(before);
  });
});
