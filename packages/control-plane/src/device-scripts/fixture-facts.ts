/** Facts for tests: one connection in several guises. The key is made up. */
import { chooseProposals } from './algorithms.ts';
import type { DeviceScriptFacts } from './facts.ts';
import type { DeviceFamily } from './family.ts';

type Guise = Omit<DeviceScriptFacts, 'ike' | 'esp'>;

export const plain: Guise = {
  connection: 'hq-site1',
  gateway: 'hq-gateway',
  localNetworkGateway: 'site1',
  tunnels: [{ gatewayAddress: '198.51.100.2' }],
  site: { type: 'address', value: '203.0.113.11' },
  ikeVersion: 2,
  ikeLifetimeSeconds: 28_800,
  espLifetimeSeconds: 27_000,
  espLifetimeKilobytes: 102_400_000,
  deadPeer: { timeoutSeconds: 45, intervalSeconds: 15, retries: 3 },
  deviceInitiates: true,
  startsOnTraffic: false,
  selectors: 'any',
  vnetPrefixes: ['10.1.0.0/16', '10.2.0.0/20'],
  sitePrefixes: ['192.168.0.0/24', '172.16.8.0/22'],
  sharedKey: 'Golden.Key.1',
  mtu: 1400,
  mss: 1350,
};

export const guises: Readonly<Record<string, Guise>> = {
  'any-to-any': plain,
  'policy-based': {
    ...plain,
    selectors: plain.sitePrefixes.flatMap((local) => plain.vnetPrefixes.map((remote) => ({ local, remote }))),
    espLifetimeSeconds: 14_400,
    espLifetimeKilobytes: 1024,
  },
  'policy-based-gateway': {
    ...plain,
    ikeVersion: 1,
    selectors: plain.sitePrefixes.flatMap((local) => plain.vnetPrefixes.map((remote) => ({ local, remote }))),
    espLifetimeSeconds: 3_600,
    startsOnTraffic: true,
  },
  bgp: {
    ...plain,
    tunnels: [
      { gatewayAddress: '198.51.100.2', gatewayBgpAddress: '10.1.255.4' },
      { gatewayAddress: '198.51.100.3', gatewayBgpAddress: '10.1.255.5' },
    ],
    bgp: { gatewayAsn: 65_515, siteAsn: 65_050, siteAddress: '192.168.0.254' },
  },
  'ikev1-named': {
    ...plain,
    ikeVersion: 1,
    vnetPrefixes: ['10.1.0.0/16'],
    site: { type: 'fqdn', value: 'site1.example.net' },
    deviceInitiates: false,
  },
};

/** The head of Azure's defaults, in its order. */
export const defaults = {
  ike: [
    { encryption: 'AES256', integrity: 'SHA1', dhGroup: 'DHGroup2' },
    { encryption: 'AES256', integrity: 'SHA256', dhGroup: 'DHGroup2' },
  ],
  esp: [
    { encryption: 'GCMAES256', integrity: 'GCMAES256', pfsGroup: 'None' },
    { encryption: 'AES256', integrity: 'SHA1', pfsGroup: 'None' },
    { encryption: 'AES256', integrity: 'SHA256', pfsGroup: 'None' },
  ],
} as const;

const custom = {
  ike: [{ encryption: 'AES256', integrity: 'SHA1', dhGroup: 'DHGroup14' }],
  esp: [{ encryption: 'AES256', integrity: 'SHA1', pfsGroup: 'PFS2048' }],
};

const policyBased = {
  ike: [{ encryption: 'AES256', integrity: 'SHA256', dhGroup: 'DHGroup2' }],
  esp: [{ encryption: 'AES256', integrity: 'SHA256', pfsGroup: 'None' }],
};

/** Azure's defaults, or a policy every device has for those that lack them. */
export function factsFor(family: Pick<DeviceFamily, 'language'>, guise: Guise): DeviceScriptFacts {
  const chosen = [guise.startsOnTraffic ? policyBased : defaults, custom].map(({ ike, esp }) =>
    chooseProposals(family.language.algorithms(guise.ikeVersion), {
      ike: { offers: ike, accepts: ike },
      esp: { offers: esp, accepts: esp },
    }),
  );
  for (const proposals of chosen) if (!('lacks' in proposals)) return { ...guise, ...proposals };
  throw new Error(`the device lacks ${JSON.stringify(chosen)}`);
}
