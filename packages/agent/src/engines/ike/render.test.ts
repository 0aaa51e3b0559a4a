/** What charon is told, as readable documents, for both data planes; and that names come back as they went. */
import type { EspProposal, IkeProposal, TunnelPlan } from '@sallyport/model';
import { describe, expect, it } from 'vitest';
import { sampleTunnel } from '../../sample-plan.ts';
import { azureDhGroup, azureEncryption, azureIntegrity, azurePfsGroup, azureProposal, espProposal, ikeProposal } from './algorithms.ts';
import { printConnection } from './print.ts';
import { renderConnection } from './render.ts';

const base = sampleTunnel({ name: 'hq', address: '198.51.100.21', prefixes: ['192.168.0.0/16'] }, 7);
const ike = (...words: readonly string[]): IkeProposal[] => words.map((word) => split(word, 'dhGroup'));
const esp = (...words: readonly string[]): EspProposal[] => words.map((word) => split(word, 'pfsGroup'));

function split<K extends string>(word: string, third: K): { encryption: string; integrity: string } & Record<K, string> {
  const [encryption = '', integrity = '', group = ''] = word.split('/');
  return { encryption, integrity, [third]: group } as { encryption: string; integrity: string } & Record<K, string>; // computed key
}

/** Azure's default offers of a route-based gateway: docs "about VPN devices". */
const routeBased: TunnelPlan = {
  ...base,
  ike: {
    ...base.ike,
    offers: ike(
      'AES256/SHA1/DHGroup2',
      'AES256/SHA256/DHGroup2',
      'AES128/SHA1/DHGroup2',
      'AES128/SHA256/DHGroup2',
      'DES3/SHA1/DHGroup2',
      'DES3/SHA256/DHGroup2',
    ),
    accepts: ike(
      'AES256/SHA1/DHGroup2',
      'AES256/SHA256/DHGroup2',
      'AES128/SHA1/DHGroup2',
      'AES128/SHA256/DHGroup2',
      'DES3/SHA1/DHGroup2',
      'DES3/SHA256/DHGroup2',
    ),
  },
  esp: {
    ...base.esp,
    offers: esp(
      'GCMAES256/GCMAES256/None',
      'AES256/SHA1/None',
      'DES3/SHA1/None',
      'AES256/SHA256/None',
      'AES128/SHA1/None',
      'DES3/SHA256/None',
    ),
    accepts: esp(
      'GCMAES256/GCMAES256/None',
      'AES256/SHA1/None',
      'DES/SHA1/None',
      'AES256/SHA1/PFS1',
      'AES256/SHA1/PFS2',
      'AES256/SHA1/PFS14',
      'AES256/SHA256/PFS24',
    ),
  },
};
const custom: TunnelPlan = {
  ...base,
  ike: { ...base.ike, offers: ike('GCMAES256/SHA384/ECP384'), accepts: ike('GCMAES256/SHA384/ECP384'), dpdTimeoutSeconds: 9 },
  esp: {
    ...base.esp,
    offers: esp('GCMAES128/GCMAES128/PFSMM'),
    accepts: esp('GCMAES128/GCMAES128/PFSMM'),
    lifetimeSeconds: 300,
    lifetimeKilobytes: 1024,
    replayWindow: 0,
  },
};
const policyBased: TunnelPlan = {
  ...custom,
  esp: {
    ...custom.esp,
    selectors: [
      { local: ['10.1.0.0/16'], remote: ['192.168.1.0/24'] },
      { local: ['10.1.0.0/16'], remote: ['192.168.2.0/24'] },
    ],
  },
};
const policyBasedGateway: TunnelPlan = {
  ...policyBased,
  ike: { ...base.ike, version: 1, offers: ike('AES256/SHA256/DHGroup2'), accepts: ike('AES256/SHA256/DHGroup2'), dpdTimeoutSeconds: 0 },
  esp: {
    ...policyBased.esp,
    offers: esp('AES256/SHA256/None', 'DES3/SHA1/None'),
    accepts: esp('AES256/SHA256/None', 'DES3/SHA1/None'),
    acceptsOtherSelectors: false,
    idleTimeoutSeconds: 300,
  },
};

const cases: readonly (readonly [string, TunnelPlan])[] = [
  ['route-based', routeBased],
  ['custom-policy', custom],
  ['policy-based', policyBased],
  ['policy-based-gateway', policyBasedGateway],
  ['policy-based-gateway-responder-only', { ...policyBasedGateway, ike: { ...policyBasedGateway.ike, initiates: false } }],
  ['responder-only', { ...routeBased, ike: { ...routeBased.ike, initiates: false } }],
  ['initiator-only', { ...routeBased, ike: { ...routeBased.ike, responds: false } }],
  ['ikev1', { ...routeBased, ike: { ...routeBased.ike, version: 1 } }],
  ['host-name', { ...routeBased, ike: { ...routeBased.ike, remoteAddress: 'vpn.contoso.example', remoteId: '%any' } }],
];

describe('a rendered connection', () => {
  it.each(cases)('%s', async (name, tunnel) => {
    const resolved = tunnel.ike.remoteId === '%any' ? { resolvedAddress: '198.51.100.77' } : {};
    const texts = (['xfrmd', 'kernel'] as const).map(
      (variant) => `# carried by ${variant}\n${printConnection(renderConnection(tunnel, { variant, ...resolved }))}`,
    );
    await expect(texts.join('\n')).toMatchFileSnapshot(`golden/${name}.golden.txt`);
  });
});

describe('algorithm names', () => {
  it.each([
    ['AES256/SHA1/DHGroup2', 'aes256-sha1-modp1024', 'IKE:AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024'],
    ['AES192/SHA384/ECP384', 'aes192-sha384-ecp384', 'IKE:AES_CBC_192/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/ECP_384'],
    ['GCMAES256/SHA384/DHGroup24', 'aes256gcm16-prfsha384-modp2048s256', 'IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/MODP_2048_256'],
    ['DES3/SHA256/DHGroup14', '3des-sha256-modp2048', 'IKE:3DES_CBC/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048'],
    ['DES/MD5/DHGroup1', 'des-md5-modp768', 'IKE:DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_768'],
  ])('IKE %s', (azure, words, logged) => {
    expect(ikeProposal(split(azure, 'dhGroup'))).toBe(words);
    expect(azureProposal(logged)).toBe(azure);
  });

  it.each([
    ['GCMAES256/GCMAES256/None', 'aes256gcm16', 'ESP:AES_GCM_16_256/NO_EXT_SEQ', 'GCMAES256/GCMAES256'],
    ['AES256/SHA256/PFS2048', 'aes256-sha256-modp2048', 'ESP:AES_CBC_256/HMAC_SHA2_256_128/MODP_2048/NO_EXT_SEQ', 'AES256/SHA256/PFS2048'],
    ['GCMAES128/GCMAES128/PFSMM', 'aes128gcm16-ecp384', 'ESP:AES_GCM_16_128/ECP_384/NO_EXT_SEQ', 'GCMAES128/GCMAES128/ECP384'],
    ['DES3/MD5/None', '3des-md5', 'ESP:3DES_CBC/HMAC_MD5_96/NO_EXT_SEQ', 'DES3/MD5'],
    ['None/SHA1/None', 'null-sha1', 'ESP:NULL/HMAC_SHA1_96/NO_EXT_SEQ', 'None/SHA1'],
    ['None/GCMAES256/None', 'aes256gmac', undefined, undefined],
  ])('ESP %s', (azure, words, logged, back) => {
    expect(espProposal(split(azure, 'pfsGroup'), 'ECP384')).toBe(words);
    expect(logged === undefined ? undefined : azureProposal(logged)).toBe(back);
  });

  it('of SAs come back', () => {
    expect([azureEncryption('AES_CBC', '256'), azureEncryption('AES_GCM_16', '128'), azureEncryption(undefined, undefined)]).toEqual([
      'AES256',
      'GCMAES128',
      'None',
    ]);
    expect([azureIntegrity('HMAC_SHA2_256_128', ''), azureIntegrity(undefined, 'GCMAES256')]).toEqual(['SHA256', 'GCMAES256']);
    expect([azureDhGroup('MODP_2048'), azurePfsGroup('MODP_2048'), azurePfsGroup(undefined)]).toEqual(['DHGroup14', 'PFS2048', 'None']);
  });

  it('that nobody knows are passed on, for charon to refuse by name', () => {
    expect(ikeProposal({ encryption: 'ROT13', integrity: 'SHA1', dhGroup: 'DHGroup2' })).toBe('rot13-sha1-modp1024');
  });
});
