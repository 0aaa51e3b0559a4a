/** Certificates of site-to-site connections: what a connection must say, and what an outbound certificate must be. */
import { describe, expect, it } from 'vitest';
import { certificateName, outboundCertificateIssues, type CertificateFacts } from '@sallyport/model';
import { accepts, refuses } from './cases.ts';
import { bodies, newWorld, siteToSite, types, type PutResult, type World } from './world.ts';

const chain = ['MIIBszCCAVmgAwIBAgIUC2Zk'];
const whole = {
  outboundAuthCertificate: 'https://contoso.vault.azure.net/certificates/gateway/0123456789abcdef0123456789abcdef',
  inboundAuthCertificateSubjectName: 'CN=branch.contoso.com',
  inboundAuthCertificateChain: chain,
};
const put = (certificateAuthentication: object | undefined, more: object = {}, world: World = siteToSite()): PutResult =>
  world.put(
    types.connection,
    'hq',
    bodies.connection('hq', { authenticationType: 'Certificate', certificateAuthentication, sharedKey: undefined, ...more }),
  );
const good: CertificateFacts = {
  subject: 'CN=gateway.contoso.com',
  keyType: 'rsa',
  keyBits: 2048,
  extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
  hasItsPrivateKey: true,
};
const imported = (change: Partial<CertificateFacts>): ReturnType<typeof outboundCertificateIssues> =>
  outboundCertificateIssues({ ...good, ...change });

describe('certificates', () => {
  refuses([
    ['VGW-CERT-003', 'CertificateAuthenticationIncomplete', 'no certificates at all', () => put(undefined)],
    ['VGW-CERT-003', 'CertificateAuthenticationIncomplete', 'no inbound chain', () => put({ ...whole, inboundAuthCertificateChain: [] })],
    ['VGW-CERT-003', 'CertificateAuthenticationIncomplete', 'no subject', () => put({ ...whole, inboundAuthCertificateSubjectName: ' ' })],
    ['VGW-CERT-004', 'InvalidOutboundAuthCertificate', 'a name that is no id', () => put({ ...whole, outboundAuthCertificate: 'gateway' })],
    ['VGW-CERT-005', 'InvalidInboundAuthCertificateChain', 'no certificate', () => put({ ...whole, inboundAuthCertificateChain: ['%'] })],
    ['VGW-CERT-006', 'OutboundCertificateWithoutPrivateKey', 'no key', () => imported({ hasItsPrivateKey: false })],
    ['VGW-CERT-007', 'OutboundCertificateKeyNotSupported', 'a short key', () => imported({ keyBits: 1024 })],
    ['VGW-CERT-007', 'OutboundCertificateKeyNotSupported', 'a key that is not RSA', () => imported({ keyType: 'ec', keyBits: 0 })],
    ['VGW-CERT-008', 'OutboundCertificateUsageMissing', 'for servers only', () => imported({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] })],
    ['VGW-CERT-009', 'OutboundCertificateSubjectMissing', 'no subject', () => imported({ subject: '' })],
  ]);

  accepts([
    ['all three', () => put(whole)],
    [
      'a chain in PEM',
      () => put({ ...whole, inboundAuthCertificateChain: [`-----BEGIN CERTIFICATE-----\n${chain[0]}\n-----END CERTIFICATE-----\n`] }),
    ],
    ['a good outbound certificate', () => imported({})],
  ]);

  it('are not for Basic gateways and other kinds of connection', () => {
    // VGW-CERT-001 and VGW-CERT-002: their worlds are those of the rules next to them.
    const codes = (result: PutResult): readonly string[] => (result.ok ? [] : result.issues.map(({ code }) => code));
    expect(codes(put(whole, { connectionType: 'Vnet2Vnet' }))).toContain('CertificateAuthenticationNotSupportedForConnectionType');
    const basic = newWorld();
    basic.make(types.virtualNetwork, 'hub', bodies.network());
    basic.make(types.publicIpAddress, 'gw-ip', bodies.address({}, { sku: { name: 'Basic' } }));
    basic.make(types.virtualNetworkGateway, 'gw', bodies.gateway('hub', 'gw-ip', { sku: { name: 'Basic' } }));
    basic.make(types.localNetworkGateway, 'hq', bodies.site());
    expect(codes(put(whole, {}, basic))).toContain('CertificateAuthenticationNotSupportedForBasicSku');
  });

  it.each([
    ['https://contoso.vault.azure.net/secrets/Gateway/0123', 'gateway'],
    ['https://contoso.vault.azure.net/certificates/gateway', 'gateway'],
    ['https://contoso.vault.azure.net/certificates/gateway/', 'gateway'],
    ['https://contoso.vault.azure.net/keys/gateway', undefined],
    ['https://contoso.vault.azure.net/certificates/', undefined],
    ['http://contoso.vault.azure.net/certificates/gateway', undefined],
  ])('VGW-CONN-035 the name in %s is %s', (id, name) => {
    expect(certificateName(id)).toBe(name);
  });
});
