/** Which algorithms are told as weak, and where. */
import { describe, expect, it } from 'vitest';
import type { ConnectionObservation, IpsecPolicy } from '@sallyport/model';
import { weaknessOf } from './weak-algorithms.ts';

const strong: IpsecPolicy = {
  saLifeTimeSeconds: 27_000,
  saDataSizeKilobytes: 102_400_000,
  ipsecEncryption: 'GCMAES256',
  ipsecIntegrity: 'GCMAES256',
  ikeEncryption: 'AES256',
  ikeIntegrity: 'SHA256',
  dhGroup: 'DHGroup14',
  pfsGroup: 'None',
};
const sa = (words: Readonly<Record<string, string>>): ConnectionObservation =>
  ({
    ikeSas: [{ state: 'ESTABLISHED', encryption: 'AES256', integrity: 'SHA1', dhGroup: 'DHGroup2', childSas: [], ...words }],
  }) as unknown as ConnectionObservation; // only these are read

describe('a weak algorithm', () => {
  it.each([
    ['DES, MD5 and group 1', { ikeEncryption: 'DES', ikeIntegrity: 'MD5', dhGroup: 'DHGroup1' }, 'DES, MD5 and Diffie-Hellman group 1'],
    ['3DES once', { ikeEncryption: 'DES3', ipsecEncryption: 'DES3', ipsecIntegrity: 'SHA256' }, '3DES'],
    ['no encryption', { ipsecEncryption: 'None', ipsecIntegrity: 'SHA256' }, 'no encryption'],
    ['SHA-1 and group 2', { ikeIntegrity: 'SHA1', dhGroup: 'DHGroup2', pfsGroup: 'PFS2' }, 'SHA-1 and Diffie-Hellman group 2'],
  ] as const)('is %s of a policy', (_what, change, list) => {
    expect(weaknessOf({ ...strong, ...change }, [])?.text).toBe(`its policy asks for ${list}, which can be broken today`);
  });

  it('is none of a strong policy, whatever old SAs still use', () => {
    expect(weaknessOf(strong, [sa({ encryption: 'DES3' })])).toBeUndefined();
  });

  it('is what the peer chose from the defaults, but not what every default connection has', () => {
    expect(weaknessOf(undefined, [sa({ encryption: 'DES3' })])?.text).toBe('its peer chose 3DES, which can be broken today');
    expect(weaknessOf(undefined, [sa({})])).toBeUndefined();
  });

  it('is nothing that a peer chose which has not answered yet: its SA has no algorithms', () => {
    expect(weaknessOf(undefined, [sa({ state: 'CONNECTING', encryption: 'None', integrity: 'None', dhGroup: 'None' })])).toBeUndefined();
  });
});
