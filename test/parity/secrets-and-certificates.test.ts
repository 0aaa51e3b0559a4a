/** What must not be shown, and what arrives in several forms: RADIUS secrets, root certificates, NAT-translated prefixes. */
import { describe, expect, it } from 'vitest';
import { asConnection, asVirtualNetworkGateway, effectiveRemotePrefixes, radiusSecretName } from '@sallyport/model';
import { bodies, id, siteToSite, types, type PutResult } from './world.ts';

const clients = (extra: object): PutResult => {
  const world = siteToSite();
  const vpnClientConfiguration = { vpnClientAddressPool: { addressPrefixes: ['172.16.0.0/24'] }, ...extra };
  return world.put(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { vpnClientConfiguration }));
};

describe('RADIUS secrets', () => {
  const result = clients({
    radiusServerAddress: '10.1.1.8',
    radiusServerSecret: 'single secret',
    radiusServers: [{ radiusServerAddress: '10.1.1.9', radiusServerScore: 20, radiusServerSecret: 'listed secret' }],
  });

  it('go beside the resource, each under its server', () => {
    expect(result.ok && result.secrets).toEqual({ [radiusSecretName()]: 'single secret', [radiusSecretName('10.1.1.9')]: 'listed secret' });
  });

  it('are nowhere in the properties', () => {
    expect(JSON.stringify(result.ok && result.resource)).not.toContain('secret"');
    expect(result.ok && asVirtualNetworkGateway(result.resource)?.properties.vpnClientConfiguration?.radiusServers).toEqual([
      { radiusServerAddress: '10.1.1.9', radiusServerScore: 20 },
    ]);
  });
});

describe('root certificates', () => {
  const der = 'MIIBszCCAVmgAwIBAgIUC2Zk';
  const pem = `-----BEGIN CERTIFICATE-----\n${der.slice(0, 10)}\n${der.slice(10)}\n-----END CERTIFICATE-----\n`;
  it.each([
    ['base64 of DER', der],
    ['PEM', pem],
    ['base64 of PEM', Buffer.from(pem).toString('base64')],
    ['base64 of DER on two lines', `${der.slice(0, 10)}\n${der.slice(10)}`],
  ])('are stored as base64 of DER: %s', (_form, publicCertData) => {
    const result = clients({ vpnClientRootCertificates: [{ name: 'root', properties: { publicCertData } }] });
    const stored = result.ok ? asVirtualNetworkGateway(result.resource)?.properties.vpnClientConfiguration : undefined;
    expect(stored?.vpnClientRootCertificates).toEqual([{ name: 'root', properties: { publicCertData: der } }]);
  });
});

describe('prefixes behind NAT', () => {
  it('appear where the ingress rule puts them', () => {
    const rule = (name: string, from: string, to: string, type: string): object => ({
      name,
      properties: { type, mode: 'IngressSnat', internalMappings: [{ addressSpace: from }], externalMappings: [{ addressSpace: to }] },
    });
    const world = siteToSite({
      natRules: [rule('static', '10.0.0.0/16', '172.20.0.0/16', 'Static'), rule('dynamic', '10.9.0.0/16', '172.21.0.0/28', 'Dynamic')],
    });
    world.make(types.localNetworkGateway, 'hq', bodies.site('203.0.113.10', ['10.0.4.0/24', '10.9.0.0/16', '192.0.2.0/24']));
    const named = ['static', 'dynamic'].map((name) => ({ id: `${id.gateway('gw')}/natRules/${name}` }));
    const connection = asConnection(world.make(types.connection, 'hq', bodies.connection('hq', { ingressNatRules: named })));
    expect(connection && effectiveRemotePrefixes(world.lookup, connection)).toEqual(['172.20.4.0/24', '172.21.0.0/28', '192.0.2.0/24']);
  });
});
