/**
 * Every subcommand of `az network vnet-gateway | vpn-connection | local-gateway` of the installed az, once, in order, on one world:
 * it works, or is refused in words. A subcommand that is not in the table fails the last test. What the commands do is for
 * az.test.ts to show, and for the lab.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Az } from '../tools/az.ts';
import { buildWorld } from './answers-world.ts';
import { startAzSystem, type AzSystem } from './az-system.ts';

type Expected =
  /** Exit code 0 and this in what is printed as JSON; null when nothing is printed. */
  | { readonly prints: unknown }
  /** Exit code 1 and this on stderr. */
  | { readonly refuses: RegExp };

const policy =
  '--ike-encryption AES256 --ike-integrity SHA384 --dh-group DHGroup24 --ipsec-encryption GCMAES256 --ipsec-integrity GCMAES256 --pfs-group PFS24 --sa-lifetime 7200 --sa-max-size 2048';
const policyShown = {
  ikeEncryption: 'AES256',
  dhGroup: 'DHGroup24',
  pfsGroup: 'PFS24',
  saLifeTimeSeconds: 7200,
  saDataSizeKilobytes: 2048,
};
const sas = '--sas-url https://store.example/captures?sig=0';
const nothing = { prints: null } as const;
const done = { prints: { provisioningState: 'Succeeded' } } as const;
const notBuilt = (action: string): Expected => ({
  refuses: new RegExp(`\\(OperationNotSupported\\) .*/${action}/action' is not supported`),
});
/** `{ name: …, properties: { type: … }, type: … }`: this az cannot flatten it, with Azure neither (its issues 27735, 28131). */
const faultOfAz: Expected = { refuses: /Conflict key when apply client flatten: type in .*natRules/ };

/** Without `az network` in front and `-g answers` behind. */
const table: readonly (readonly [command: string, expected: Expected])[] = [
  ['local-gateway create -n site2 --gateway-ip-address 203.0.113.10 --local-address-prefixes 192.168.9.0/24', done],
  ['local-gateway wait -n site2 --created', nothing],
  ['local-gateway show -n site2', { prints: { gatewayIpAddress: '203.0.113.10' } }],
  ['local-gateway list', { prints: [{ name: 'site' }, { name: 'site2' }] }],
  [
    'local-gateway update -n site2 --local-address-prefixes 192.168.8.0/24',
    { prints: { localNetworkAddressSpace: { addressPrefixes: ['192.168.8.0/24'] } } },
  ],

  [
    'vpn-connection create -n d --vnet-gateway1 gw --local-gateway2 site2 --shared-key Another.Key.1',
    { prints: { resource: { connectionType: 'IPsec', provisioningState: 'Succeeded' } } },
  ],
  ['vpn-connection list', { prints: [{ name: 'c' }, { name: 'd' }] }],
  ['vpn-connection show -n c', { prints: { connectionStatus: 'Connected', connectionType: 'IPsec' } }],
  ['vpn-connection update -n c --routing-weight 20', { prints: { routingWeight: 20 } }],
  [
    'vpn-connection update -n c --set dpdTimeoutSeconds=30 connectionMode=ResponderOnly',
    { prints: { dpdTimeoutSeconds: 30, connectionMode: 'ResponderOnly', routingWeight: 20 } },
  ],
  ['vpn-connection update -n c --set connectionProtocol=IKEv1', { refuses: /\(ConnectionProtocolCannotBeChanged\) / }],
  ['vpn-connection list-ike-sas -n c', { prints: expect.stringContaining('IkeSAs') }],
  [
    'vpn-connection show-device-config-script -n c --vendor Cisco --device-family ISR --firmware-version IOS-XE-0',
    { refuses: /\(VpnDeviceNotSupported\) .*Supported devices are/ },
  ],
  ['vpn-connection shared-key show --connection-name c', { prints: { value: 'Abc123' } }],
  ['vpn-connection shared-key update --connection-name c --value New.Key.1', { prints: { value: 'New.Key.1' } }],
  ['vpn-connection shared-key reset --connection-name c --key-length 32', { prints: { keyLength: 32 } }],
  [`vpn-connection ipsec-policy add --connection-name c ${policy}`, { prints: { ipsecPolicies: [policyShown] } }],
  ['vpn-connection ipsec-policy list --connection-name c', { prints: [policyShown] }],
  ['vpn-connection ipsec-policy clear --connection-name c', { prints: [] }],
  ['vpn-connection packet-capture start -n c', notBuilt('startPacketCapture')],
  [`vpn-connection packet-capture stop -n c ${sas}`, notBuilt('stopPacketCapture')],
  ['vpn-connection packet-capture wait -n c --created', nothing],
  ['vpn-connection delete -n d', nothing],
  ['local-gateway delete -n site2', nothing],

  ['vnet-gateway list-learned-routes -n gw', { prints: { value: [{ network: '10.1.0.0/16', origin: 'Network' }, {}] } }],
  ['vnet-gateway list-advertised-routes -n gw --peer 10.0.0.1', { prints: { value: [] } }],
  ['vnet-gateway list-bgp-peer-status -n gw', { prints: { value: [] } }],
  ['vnet-gateway show-supported-devices -n gw', nothing],
  ['vnet-gateway disconnect-vpn-connections -n gw --vpn-connections c', notBuilt('disconnectVirtualNetworkGatewayVpnConnections')],
  ['vnet-gateway packet-capture start -n gw', notBuilt('startPacketCapture')],
  [`vnet-gateway packet-capture stop -n gw ${sas}`, notBuilt('stopPacketCapture')],
  ['vnet-gateway packet-capture wait -n gw --created', nothing],
  ['vnet-gateway vpn-client generate -n gw', notBuilt('generatevpnprofile')],
  ['vnet-gateway vpn-client show-url -n gw', notBuilt('getvpnprofilepackageurl')],
  ['vnet-gateway vpn-client show-health -n gw', notBuilt('getVpnClientConnectionHealth')],
  ['vnet-gateway vpn-client ipsec-policy show -n gw', notBuilt('getvpnclientipsecparameters')],
  [`vnet-gateway vpn-client ipsec-policy set -n gw ${policy}`, notBuilt('setvpnclientipsecparameters')],
  ['vnet-gateway vpn-client ipsec-policy wait -n gw --created', nothing],
  ['vnet-gateway root-cert create --gateway-name gw -n root --public-cert-data MIIBszCCAVmg', done],
  ['vnet-gateway root-cert delete --gateway-name gw -n root', done],
  ['vnet-gateway revoked-cert create --gateway-name gw -n gone --thumbprint 0123456789ABCDEF0123456789ABCDEF01234567', done],
  ['vnet-gateway revoked-cert delete --gateway-name gw -n gone', done],
  [
    `vnet-gateway ipsec-policy add --gateway-name gw ${policy}`,
    { prints: { vpnClientConfiguration: { vpnClientIpsecPolicies: [policyShown] } } },
  ],
  ['vnet-gateway ipsec-policy list --gateway-name gw', { prints: [policyShown] }],
  ['vnet-gateway ipsec-policy clear --gateway-name gw', { prints: [] }],
  [
    'vnet-gateway aad assign --gateway-name gw --tenant https://login.example/t/ --audience 41b23e61-6c1e-4545-b367-cd054e0ed4b4 --issuer https://issuer.example/t/',
    done,
  ],
  ['vnet-gateway aad show --gateway-name gw', { prints: { aadTenant: 'https://login.example/t/' } }],
  ['vnet-gateway aad remove --gateway-name gw', done],
  ['vnet-gateway show -n gw', faultOfAz],
  ['vnet-gateway list', faultOfAz],
  ['vnet-gateway nat-rule list --gateway-name gw', { prints: [{ name: 'out' }, { name: 'in' }] }],
  [
    'vnet-gateway nat-rule add --gateway-name gw --name more --internal-mappings 10.1.4.0/24 --external-mappings 172.22.0.0/24',
    { prints: { natRules: [{}, {}, { name: 'more' }] } },
  ],
  ['vnet-gateway nat-rule wait -n gw --created', nothing],
  ['vnet-gateway nat-rule remove --gateway-name gw --name more', { prints: { natRules: [{}, {}] } }],
  ['vnet-gateway nat-rule remove --gateway-name gw --name out', done],
  ['vnet-gateway nat-rule remove --gateway-name gw --name in', { prints: { natRules: [] } }],
  ['vnet-gateway show -n gw ', { prints: { sku: { name: 'VpnGw2AZ' } } }],
  ['vnet-gateway list ', { prints: [{ name: 'gw' }] }],
  ['vnet-gateway wait -n gw --created', nothing],
  // This az sends `vpnClientAddressPool: {}`, whatever is updated.
  [
    'vnet-gateway update -n gw --set tags.x=y',
    { prints: { tags: { x: 'y' }, vpnClientConfiguration: { vpnClientAddressPool: { addressPrefixes: [] } } } },
  ],
  // As docs/how-to/limit-bandwidth.md has it.
  ['vnet-gateway update -n gw --set tags.sallyport:bandwidth=much', { refuses: /\(InvalidBandwidth\) / }],
  ['vnet-gateway update -n gw --set tags.sallyport:bandwidth=sku', { prints: { tags: { x: 'y', 'sallyport:bandwidth': 'sku' } } }],
  ['vnet-gateway update -n gw --remove tags.sallyport:bandwidth', { prints: { tags: { x: 'y' } } }],
  ['vnet-gateway update -n gw --sku VpnGw3AZ', { prints: { sku: { name: 'VpnGw3AZ', tier: 'VpnGw3AZ' } } }],
  [
    'vnet-gateway update -n gw --sku VpnGw2',
    { refuses: /\(InvalidGatewaySkuSpecifiedForGatewayDeploymentType\) .*allowed Skus are VpnGw1AZ/ },
  ],
  // As docs/how-to/use-private-addresses.md has it.
  ['vnet-gateway update -n gw --set enablePrivateIpAddress=true', { prints: { enablePrivateIpAddress: true } }],
  ['vpn-connection update -n c --set useLocalAzureIpAddress=true', { prints: { useLocalAzureIpAddress: true } }],
  ['vnet-gateway reset -n gw', { prints: { name: 'gw' } }],

  ['vpn-connection delete -n c', nothing],
  ['vnet-gateway delete -n gw', nothing],
  [
    'vnet-gateway create -n other --vnet hq --public-ip-addresses gw-ip --sku VpnGw1AZ',
    { prints: { vnetGateway: { sku: { name: 'VpnGw1AZ', capacity: 2 } } } },
  ],
];

let azSystem: AzSystem;
let az: Az;

beforeAll(async () => {
  azSystem = await startAzSystem({}, ({ server }) => buildWorld(server));
  ({ loadedAz: az } = azSystem);
});
afterAll(() => azSystem[Symbol.asyncDispose]());

test.each(table.map(([command, expected]) => ({ command, expected: outcomeOf(expected) })))('$command', async ({ command, expected }) => {
  const { code, stdout, stderr } = await az.run('network', ...command.trim().split(' '), '-g', 'answers');
  expect({ code, stderr, prints: code === 0 && stdout !== '' ? (JSON.parse(stdout) as unknown) : null }).toMatchObject(expected);
});

function outcomeOf(expected: Expected): object {
  if ('prints' in expected) return { code: 0, stderr: '', prints: expected.prints };
  return { code: 1, stderr: expect.stringMatching(expected.refuses) as unknown };
}

test('no subcommand of this az is left out', async () => {
  const found = await subcommands(['vnet-gateway', 'vpn-connection', 'local-gateway']);
  const isTried = (name: string): boolean => table.some(([command]) => `${command} `.startsWith(`${name} `));
  expect(found.filter((name) => !isTried(name))).toEqual([]);
  expect(found.length).toBeGreaterThan(40);
});

/** As az's help lists them, level by level. */
async function subcommands(groups: readonly string[]): Promise<readonly string[]> {
  const helps = await Promise.all(groups.map((group) => az.run('network', ...group.split(' '), '--help')));
  const listed = helps.map(({ stdout }, index) => {
    const [before = '', commands = ''] = stdout.split(/^Commands:$/m);
    const within = (text: string): readonly string[] =>
      [...text.matchAll(/^ {4}([a-z][a-z-]*) .*:/gm)].map(([, name]) => `${groups[index] ?? ''} ${name ?? ''}`);
    return { groups: within(before.split(/^Subgroups:$/m)[1] ?? ''), commands: within(commands) };
  });
  const inner = listed.flatMap((one) => one.groups);
  return [...listed.flatMap((one) => one.commands), ...(inner.length === 0 ? [] : await subcommands(inner))];
}
