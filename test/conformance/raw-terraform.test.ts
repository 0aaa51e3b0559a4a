/**
 * What Terraform's azurerm provider sends for a site-to-site connection, and what it needs of the answers: the 404 before it creates,
 * operations polled by absolute URLs on the same host, members it reads without looking whether they are there, nothing that
 * differs when it reads again, 404 after it destroyed. From its public source; the provider itself is not run.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { startTestServer, testSubscription, type TestServer } from '@sallyport/control-plane/testing';

type Answer = Awaited<ReturnType<TestServer['client']['send']>>;

const group = `/subscriptions/${testSubscription}/resourceGroups/terraform`;
const network = `${group}/providers/Microsoft.Network`;
const version = '?api-version=2024-05-01';
const location = 'westeurope';
const gateway = `${network}/virtualNetworkGateways/gw`;
const site = `${network}/localNetworkGateways/site`;
const connection = `${network}/connections/hq`;

/** As its schemas expand with few arguments set: empty lists and empty strings for what is not. */
const gatewayBody = {
  name: 'gw',
  location,
  tags: {},
  properties: {
    gatewayType: 'Vpn',
    vpnType: 'RouteBased',
    vpnGatewayGeneration: 'Generation1',
    enableBgp: false,
    enablePrivateIpAddress: false,
    activeActive: false,
    enableBgpRouteTranslationForNat: false,
    disableIPSecReplayProtection: false,
    allowRemoteVnetTraffic: false,
    allowVirtualWanTraffic: false,
    sku: { name: 'VpnGw1', tier: 'VpnGw1' },
    ipConfigurations: [
      {
        name: 'vnetGatewayConfig',
        properties: {
          privateIPAllocationMethod: 'Dynamic',
          subnet: { id: `${network}/virtualNetworks/hq/subnets/GatewaySubnet` },
          publicIPAddress: { id: `${network}/publicIPAddresses/ip` },
        },
      },
    ],
    bgpSettings: {
      asn: 65_515,
      peerWeight: 0,
      bgpPeeringAddresses: [{ ipconfigurationId: `${gateway}/ipConfigurations/vnetGatewayConfig`, customBgpIpAddresses: [] }],
    },
    vpnClientConfiguration: {
      vpnClientAddressPool: { addressPrefixes: ['172.16.9.0/24'] },
      aadTenant: '',
      aadAudience: '',
      aadIssuer: '',
      radiusServerAddress: '',
      radiusServerSecret: '',
      radiusServers: [],
      vpnClientProtocols: ['OpenVPN'],
      vpnAuthenticationTypes: [],
      vpnClientRootCertificates: [],
      vpnClientRevokedCertificates: [],
      vpnClientIpsecPolicies: [],
    },
  },
};
/** The resources it refers to are embedded with a name and empty properties. */
const connectionBody = {
  name: 'hq',
  location,
  tags: {},
  properties: {
    connectionType: 'IPsec',
    connectionMode: 'Default',
    connectionProtocol: 'IKEv2',
    enableBgp: false,
    expressRouteGatewayBypass: false,
    usePolicyBasedTrafficSelectors: false,
    dpdTimeoutSeconds: 45,
    routingWeight: 10,
    sharedKey: 'Terraform.Key.1',
    virtualNetworkGateway1: { id: gateway, name: 'gw', properties: { ipConfigurations: [] } },
    localNetworkGateway2: { id: site, name: 'site', properties: { localNetworkAddressSpace: {} } },
    ipsecPolicies: [
      {
        dhGroup: 'DHGroup14',
        ikeEncryption: 'AES256',
        ikeIntegrity: 'SHA256',
        ipsecEncryption: 'AES256',
        ipsecIntegrity: 'SHA256',
        pfsGroup: 'PFS2048',
        saDataSizeKilobytes: 102_400_000,
        saLifeTimeSeconds: 27_000,
      },
    ],
    trafficSelectorPolicies: [],
  },
};

const resources: readonly (readonly [path: string, body: object])[] = [
  [
    `${network}/virtualNetworks/hq`,
    {
      location,
      properties: {
        addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
        dhcpOptions: { dnsServers: [] },
        subnets: [{ name: 'GatewaySubnet', properties: { addressPrefixes: ['10.1.255.0/27'] } }],
      },
    },
  ],
  [
    `${network}/publicIPAddresses/ip`,
    {
      location,
      sku: { name: 'Standard', tier: 'Regional' },
      properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4', idleTimeoutInMinutes: 4 },
    },
  ],
  [site, { location, properties: { gatewayIpAddress: '203.0.113.9', localNetworkAddressSpace: { addressPrefixes: ['192.168.0.0/24'] } } }],
  [gateway, gatewayBody],
  [connection, connectionBody],
];

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ store: 'memory' });
  await server.startAgent();
  await server.client.send('PUT', `${group}?api-version=2021-04-01`, { body: { location } });
});
afterAll(() => server.stop());

const get = (path: string): Promise<Answer> => server.client.send('GET', path + version);

/** As the provider's poller: one URL, absolute and on the endpoint; JSON with a status it knows. */
async function wait(first: Answer): Promise<void> {
  const url = first.headers['azure-asyncoperation'] ?? first.headers['location'] ?? '';
  expect(new URL(url).origin).toBe(new URL(server.controlPlane.endpoint).origin);
  expect(first.headers['retry-after']).toMatch(/^\d+$/);
  await until(
    async () => {
      const answer = await server.client.send('GET', url);
      expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
      expect(['InProgress', 'Succeeded']).toContain(answer.body.status);
      expect(Date.parse(answer.body.startTime)).not.toBeNaN();
      return answer;
    },
    ({ body }) => body.status === 'Succeeded',
    { because: 'the operation ends', clock: systemClock },
  );
}

/** What a plan compares: everything but the version. */
function settled({ body }: Answer): unknown {
  return JSON.parse(JSON.stringify(body).replaceAll(/W\/\\"[0-9a-f-]+\\"/g, 'version'));
}

describe('apply', () => {
  test.each(resources)('%s', async (path, body) => {
    const before = await get(path);
    expect([before.status, before.body.error.code]).toEqual([404, 'ResourceNotFound']);
    const made = await server.client.send('PUT', path + version, { body });
    expect([made.status, made.body.id]).toEqual([201, path]);
    await wait(made);
    const read = await get(path);
    expect([read.status, read.body.id, read.body.properties.provisioningState]).toEqual([200, path, 'Succeeded']);
  });

  test('a gateway as the provider reads it', async () => {
    const { body } = await get(gateway);
    const own = `${gateway}/ipConfigurations/vnetGatewayConfig`;
    // disableIPSecReplayProtection is read through a pointer without a look: missing, the provider falls.
    expect(body.properties).toMatchObject({
      ...gatewayBody.properties,
      ipConfigurations: [{ ...gatewayBody.properties.ipConfigurations[0], id: own }],
      bgpSettings: {
        asn: 65_515,
        peerWeight: 0,
        bgpPeeringAddresses: [
          {
            ipconfigurationId: own,
            defaultBgpIpAddresses: ['10.1.255.30'],
            customBgpIpAddresses: [],
            tunnelIpAddresses: [expect.any(String)],
          },
        ],
      },
      vpnClientConfiguration: {
        vpnClientAddressPool: { addressPrefixes: ['172.16.9.0/24'] },
        radiusServers: [],
        vpnClientProtocols: ['OpenVPN'],
      },
    });
    expect(body.properties.customRoutes ?? { addressPrefixes: [] }).toEqual({ addressPrefixes: [] });
  });

  test('a connection as the provider reads it', async () => {
    const { body } = await get(connection);
    const { sharedKey: _, virtualNetworkGateway1, localNetworkGateway2, ...others } = connectionBody.properties;
    expect(body.properties).toMatchObject({
      ...others,
      virtualNetworkGateway1: { id: virtualNetworkGateway1.id },
      localNetworkGateway2: { id: localNetworkGateway2.id },
      useLocalAzureIpAddress: false,
      ingressNatRules: [],
      egressNatRules: [],
      gatewayCustomBgpIpAddresses: [],
    });
    // It keeps what it knows when the answer has none.
    expect(body.properties.sharedKey).toBeUndefined();
    expect((await server.client.send('GET', `${connection}/sharedkey${version}`)).body.value).toBe('Terraform.Key.1');
  });
});

describe('apply again', () => {
  test.each(resources)('%s: nothing differs', async (path, body) => {
    const before = await get(path);
    const again = await server.client.send('PUT', path + version, { body });
    expect([again.status, again.body.id]).toEqual([200, path]);
    await wait(again);
    expect(settled(await get(path))).toEqual(settled(before));
  });

  test('a policy without lifetimes is sent with zeros, and read with the defaults', async () => {
    const policy = {
      dhGroup: 'DHGroup14',
      ikeEncryption: 'AES256',
      ikeIntegrity: 'SHA256',
      ipsecEncryption: 'GCMAES256',
      ipsecIntegrity: 'GCMAES256',
      pfsGroup: 'PFS2048',
    };
    const ipsecPolicies = [{ ...policy, saLifeTimeSeconds: 0, saDataSizeKilobytes: 0 }];
    const body = { ...connectionBody, properties: { ...connectionBody.properties, ipsecPolicies } };
    await wait(await server.client.send('PUT', connection + version, { body }));
    const read = [{ ...policy, saLifeTimeSeconds: 27_000, saDataSizeKilobytes: 102_400_000 }];
    expect((await get(connection)).body.properties.ipsecPolicies).toEqual(read);
    await wait(await server.client.send('PUT', connection + version, { body: connectionBody }));
    expect((await get(connection)).body.properties.ipsecPolicies).toEqual(connectionBody.properties.ipsecPolicies);
  });

  test('another shared key is an operation of its own', async () => {
    const changed = await server.client.send('PUT', `${connection}/sharedkey${version}`, { body: { value: 'Terraform.Key.2' } });
    expect([200, 201]).toContain(changed.status);
    await wait(changed);
    expect((await server.client.send('GET', `${connection}/sharedkey${version}`)).body.value).toBe('Terraform.Key.2');
  });
});

test.each(resources.toReversed())('destroy %s', async (path) => {
  const first = await server.client.send('DELETE', path + version);
  expect(first.status).toBe(202);
  await wait(first);
  expect((await get(path)).status).toBe(404);
});
