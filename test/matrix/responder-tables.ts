/**
 * Azure's tables of what a route-based gateway accepts without a custom policy, copied by hand from its documentation, in the words of the
 * programs that ask for it; and what is next to each row, which it must refuse.
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-devices#ipsec
 */

/** Main mode and IKE_SA_INIT. */
export const acceptedIke = [
  { azure: 'AES256/SHA1/DHGroup2', strongswan: 'aes256-sha1-modp1024' },
  { azure: 'AES256/SHA256/DHGroup2', strongswan: 'aes256-sha256-modp1024' },
  { azure: 'AES128/SHA1/DHGroup2', strongswan: 'aes128-sha1-modp1024' },
  { azure: 'AES128/SHA256/DHGroup2', strongswan: 'aes128-sha256-modp1024' },
  { azure: 'DES3/SHA1/DHGroup2', strongswan: '3des-sha1-modp1024' },
  { azure: 'DES3/SHA256/DHGroup2', strongswan: '3des-sha256-modp1024' },
] as const;

/** One field away from a row, and Azure's strongest, which only a custom policy has. */
export const neighboursOfIke = [
  'aes256-sha256-modp768',
  'aes256-sha256-modp1536',
  'aes256-sha256-modp2048',
  'aes256-sha256-modp2048s256',
  'aes256-sha256-ecp256',
  'aes256-sha256-ecp384',
  'aes256-sha256-curve25519',
  'aes256-sha384-modp1024',
  'aes256-sha512-modp1024',
  'aes256-md5-modp1024',
  'aes192-sha256-modp1024',
  'des-sha1-modp1024',
  'aes256gcm16-prfsha384-ecp384',
];

/** "Azure Gateway as responder", rows 1 to 26. */
export const acceptedEsp = [
  'aes256gcm16',
  'aes256-sha1',
  '3des-sha1',
  'aes256-sha256',
  'aes128-sha1',
  '3des-sha256',
  'des-sha1',
  'aes256-sha1-modp768',
  'aes256-sha1-modp1024',
  'aes256-sha1-modp2048',
  'aes128-sha1-modp768',
  'aes128-sha1-modp1024',
  'aes128-sha1-modp2048',
  '3des-sha1-modp768',
  '3des-sha1-modp1024',
  '3des-sha256-modp1024',
  'aes256-sha256-modp768',
  'aes256-sha256-modp1024',
  'aes256-sha256-modp2048',
  'aes256-sha1-modp2048s256',
  'aes256-sha256-modp2048s256',
  'aes128-sha256',
  'aes128-sha256-modp768',
  'aes128-sha256-modp1024',
  'aes128-sha256-modp2048',
  '3des-sha1-modp2048',
];

export const neighboursOfEsp = [
  'aes256gcm16-modp1024',
  'aes256gcm16-modp2048',
  'aes128gcm16',
  'aes192gcm16',
  'aes192-sha1',
  'aes192-sha256',
  'aes256-md5',
  'aes256-sha384',
  'aes256-sha256-modp1536',
  'aes256-sha256-ecp256',
  'aes256-sha256-ecp384',
  'aes128-sha1-modp2048s256',
  'aes128-sha256-modp2048s256',
  '3des-sha1-modp2048s256',
  '3des-sha256-modp768',
  '3des-sha256-modp2048',
  'des-sha1-modp1024',
  'des-sha256',
  'null-sha1',
];

/** ISAKMP attributes (RFC 2409 appendix A): 1 cipher, 14 key length, 2 hash, 3 authentication, 4 group. */
const ciphers = { DES: '1=1', DES3: '1=5', AES128: '1=7,14=128', AES192: '1=7,14=192', AES256: '1=7,14=256' };
const hashes = { MD5: 1, SHA1: 2, SHA256: 4, SHA384: 5 };
const groups = { DHGroup1: 1, DHGroup2: 2, DHGroup5: 5, DHGroup14: 14, ECP256: 19, ECP384: 20, DHGroup24: 24 };

/** Every combination, as ike-scan(1) takes it. */
export const scanned = Object.entries(ciphers).flatMap(([cipher, encryption]) =>
  Object.entries(hashes).flatMap(([hash, hashNumber]) =>
    Object.entries(groups).map(([group, groupNumber]) => ({
      words: `${cipher}/${hash}/${group}`,
      hash,
      transform: `${encryption},2=${hashNumber},3=1,4=${groupNumber}`,
    })),
  ),
);
