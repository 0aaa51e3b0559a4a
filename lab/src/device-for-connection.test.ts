/** A device's settings for a connection, from what the API tells of it. */
import { expect, test } from 'vitest';
import { readConnection } from './device-for-connection.ts';
import { renderSwanctlConf } from './device-config.ts';

const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network';
const connectionId = `${group}/connections/c`;

/** The API with one connection; `change` replaces properties of it. */
function apiWith(change: Readonly<Record<string, unknown>>): { readonly get: (path: string) => Promise<unknown> } {
  const resources: Readonly<Record<string, unknown>> = {
    [connectionId]: {
      properties: {
        virtualNetworkGateway1: { id: `${group}/virtualNetworkGateways/gw`, properties: {} },
        localNetworkGateway2: { id: `${group}/localNetworkGateways/site`, properties: {} },
        connectionProtocol: 'IKEv2',
        connectionMode: 'Default',
        ipsecPolicies: [],
        ...change,
      },
    },
    [`${connectionId}/sharedkey`]: { value: 'a.key' },
    [`${group}/virtualNetworkGateways/gw`]: {
      properties: {
        ipConfigurations: [
          {
            properties: {
              subnet: { id: `${group}/virtualNetworks/v/subnets/GatewaySubnet` },
              publicIPAddress: { id: `${group}/publicIPAddresses/pip` },
            },
          },
        ],
      },
    },
    [`${group}/publicIPAddresses/pip`]: { properties: { ipAddress: '198.51.100.4' } },
    [`${group}/virtualNetworks/v`]: { properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16', '10.2.0.0/16'] } } },
    [`${group}/localNetworkGateways/site`]: {
      properties: { gatewayIpAddress: '203.0.113.11', localNetworkAddressSpace: { addressPrefixes: ['192.168.0.0/24'] } },
    },
  };
  return { get: (path) => Promise.resolve(resources[path]) };
}

test('a connection with defaults: Azure’s recommended proposals, everything behind both ends in one child', async () => {
  expect(await readConnection(apiWith({}), connectionId)).toEqual({
    siteAddress: '203.0.113.11',
    sitePrefixes: ['192.168.0.0/24'],
    deviceConfig: {
      localAddress: '203.0.113.11',
      remoteAddress: '198.51.100.4',
      ikeVersion: 2,
      ikeProposals: ['aes256-sha256-modp1024', 'aes256-sha1-modp1024'],
      espProposals: ['aes256gcm16'],
      sharedKey: 'a.key',
      selectors: [{ local: ['192.168.0.0/24'], remote: ['10.1.0.0/16', '10.2.0.0/16'] }],
      initiates: false,
    },
  });
});

test.for([
  [{ connectionProtocol: 'IKEv1' }, 1],
  [{ usePolicyBasedTrafficSelectors: true }, 2],
] as const)('%j: one child for each pair of prefixes', async ([change, ikeVersion]) => {
  const { deviceConfig } = await readConnection(apiWith(change), connectionId);
  expect(deviceConfig.ikeVersion).toBe(ikeVersion);
  expect(deviceConfig.selectors).toEqual([
    { local: ['192.168.0.0/24'], remote: ['10.1.0.0/16'] },
    { local: ['192.168.0.0/24'], remote: ['10.2.0.0/16'] },
  ]);
});

test('a responder-only connection waits, so the device starts', async () => {
  const { deviceConfig } = await readConnection(apiWith({ connectionMode: 'ResponderOnly' }), connectionId);
  expect(renderSwanctlConf(deviceConfig)).toContain('start_action = start');
});

test.for([
  [['AES256', 'SHA384', 'DHGroup24', 'AES256', 'SHA256', 'PFS24'], 'aes256-sha384-modp2048s256', 'aes256-sha256-modp2048s256'],
  [['GCMAES256', 'SHA384', 'ECP384', 'GCMAES256', 'GCMAES256', 'None'], 'aes256gcm16-prfsha384-ecp384', 'aes256gcm16'],
  [['DES3', 'MD5', 'DHGroup2', 'None', 'SHA1', 'PFS2048'], '3des-md5-modp1024', 'null-sha1-modp2048'],
] as const)('policy %j', async ([policy, ike, esp]) => {
  const [ikeEncryption, ikeIntegrity, dhGroup, ipsecEncryption, ipsecIntegrity, pfsGroup] = policy;
  const element = { ikeEncryption, ikeIntegrity, dhGroup, ipsecEncryption, ipsecIntegrity, pfsGroup };
  const { deviceConfig } = await readConnection(apiWith({ ipsecPolicies: [element] }), connectionId);
  expect([deviceConfig.ikeProposals, deviceConfig.espProposals]).toEqual([[ike], [esp]]);
});

test('what is missing is named', async () => {
  await expect(readConnection(apiWith({}), `${group}/connections/other`)).rejects.toThrow(
    `there is no connection ${group}/connections/other`,
  );
  await expect(readConnection(apiWith({ virtualNetworkGateway1: {} }), connectionId)).rejects.toThrow('virtualNetworkGateway1');
});

test.each(['c', 'https://127.0.0.1:8443/c', `${group}/localNetworkGateways/site`])('%s is no connection, and that is said', async (id) => {
  await expect(readConnection(apiWith({}), id)).rejects.toThrow(`'${id}' is not the resource id of a connection`);
});
