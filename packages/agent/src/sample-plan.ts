/**
 * A host plan by hand for this package's tests: one VNet with a network interface, one gateway instance, any number of
 * connections to peers on the lab's public network. Not a planner.
 */
import type { HostPlan, IkeProposal, InstanceId, ResourceId, TunnelPlan, SecretReference } from '@sallyport/model';

const group = '/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Network';
export const sampleIds = {
  vnet: `${group}/virtualNetworks/hq` as ResourceId,
  gatewaySubnet: `${group}/virtualNetworks/hq/subnets/GatewaySubnet` as ResourceId,
  apps: `${group}/virtualNetworks/hq/subnets/apps` as ResourceId,
  nic: `${group}/networkInterfaces/vm1` as ResourceId,
  gateway: `${group}/virtualNetworkGateways/hq` as ResourceId,
  connection: (name: string): ResourceId => `${group}/connections/${name}` as ResourceId,
};

export type SamplePeer = {
  readonly name: string;
  readonly address: string;
  readonly prefixes: readonly string[];
  readonly keyVersion?: number;
};

export function samplePlan(peers: readonly SamplePeer[]): HostPlan {
  return {
    host: 'host-1',
    publicNetworks: [{ prefix: '198.51.100.0/24', router: '198.51.100.1' }],
    vnets: [
      {
        vnet: sampleIds.vnet,
        namespace: 'vnet-hq',
        addressPrefixes: ['10.1.0.0/16'],
        subnets: [
          { subnet: sampleIds.gatewaySubnet, bridgeId: 1, router: '10.1.255.1/27' },
          { subnet: sampleIds.apps, bridgeId: 2, router: '10.1.0.1/24' },
        ],
        routes: [
          { prefix: '0.0.0.0/0', source: 'Default', nextHopType: 'None', nextHops: [] },
          { prefix: '10.1.0.0/16', source: 'Default', nextHopType: 'VnetLocal', nextHops: [] },
          ...peers.flatMap((peer) =>
            peer.prefixes.map((prefix) => ({
              prefix,
              source: 'VirtualNetworkGateway' as const,
              nextHopType: 'VirtualNetworkGateway' as const,
              nextHops: ['10.1.255.4'],
            })),
          ),
        ],
      },
    ],
    networkInterfaces: [
      {
        networkInterface: sampleIds.nic,
        namespace: 'nic-vm1',
        linkId: 3,
        vnet: sampleIds.vnet,
        subnet: sampleIds.apps,
        address: '10.1.0.4/24',
        router: '10.1.0.1',
        forwards: false,
      },
    ],
    instances: [
      {
        id: `${sampleIds.gateway}/IN_0` as InstanceId,
        gateway: sampleIds.gateway,
        role: 'IN_0',
        namespace: 'gw-hq-0',
        public: { linkId: 1, address: '198.51.100.10', router: '198.51.100.1' },
        vnet: {
          linkId: 2,
          vnet: sampleIds.vnet,
          subnet: sampleIds.gatewaySubnet,
          address: '10.1.255.4/27',
          router: '10.1.255.1',
          prefixes: ['10.1.0.0/16'],
        },
        tunnels: peers.map((peer, index) => sampleTunnel(peer, index + 1)),
      },
    ],
  };
}

const aes256 = (integrity: string): IkeProposal => ({ encryption: 'AES256', integrity, dhGroup: 'DHGroup2' });
const esp = [
  { encryption: 'GCMAES256', integrity: 'GCMAES256', pfsGroup: 'None' },
  { encryption: 'AES256', integrity: 'SHA256', pfsGroup: 'None' },
] as const;

export type KeyedTunnel = TunnelPlan & { readonly ike: { readonly sharedKey: SecretReference } };

export function sampleTunnel(peer: SamplePeer, ifId: number): KeyedTunnel {
  return {
    connection: sampleIds.connection(peer.name),
    name: peer.name,
    ifId,
    mtu: 1400,
    mssClamp: 1350,
    remotePrefixes: peer.prefixes,
    allowsTransit: true,
    ike: {
      version: 2,
      localAddress: '198.51.100.10',
      remoteAddress: peer.address,
      localId: '198.51.100.10',
      remoteId: peer.address,
      initiates: true,
      responds: true,
      offers: [aes256('SHA256'), aes256('SHA1')],
      accepts: [aes256('SHA256'), aes256('SHA1')],
      lifetimeSeconds: 28_800,
      dpdTimeoutSeconds: 45,
      sharedKey: { id: `${sampleIds.connection(peer.name).toLowerCase()}#sharedKey`, version: peer.keyVersion ?? 1 },
    },
    esp: {
      offers: esp,
      accepts: esp,
      lifetimeSeconds: 27_000,
      lifetimeKilobytes: 102_400_000,
      replayWindow: 1024,
      selectors: [{ local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] }],
      acceptsOtherSelectors: true,
      idleTimeoutSeconds: 0,
    },
    resetEpoch: 0,
  };
}
