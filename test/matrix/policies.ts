/**
 * One custom policy for each class of combinations that Azure allows, and the default, in Azure's words and in the words of the two
 * stock peers: what is written into their configuration, and what they then say they use. Written by hand, from the peers'
 * manuals: nothing here is computed by the code under test. swanctl.conf(5), ipsec.conf(5).
 */

export type Policy = {
  readonly ikeEncryption: string;
  readonly ikeIntegrity: string;
  readonly dhGroup: string;
  readonly ipsecEncryption: string;
  readonly ipsecIntegrity: string;
  readonly pfsGroup: string;
};

export type PolicyClass = {
  readonly name: string;
  /** undefined: Azure's defaults. */
  readonly policy: Policy | undefined;
  /** IKEv1 has no combined modes. */
  readonly versions: readonly (1 | 2)[];
  readonly strongswan: PeerWords;
  /** undefined where Debian's libreswan has not all of it: groups 1, 2 and 24, and DES. */
  readonly libreswan: PeerWords | undefined;
};

export type PeerWords = {
  readonly ike: string;
  readonly esp: string;
  /** What the peer prints of its IKE SA, and of a CHILD SA whose keys are the IKE SA's. */
  readonly seesIke: string;
  readonly seesEsp: string;
  /** What it prints of the group of a CHILD SA with its own key exchange; empty without perfect forward secrecy. */
  readonly seesPfs: string;
};

const policy = (ike: readonly [string, string, string], esp: readonly [string, string, string]): Policy => ({
  ikeEncryption: ike[0],
  ikeIntegrity: ike[1],
  dhGroup: ike[2],
  ipsecEncryption: esp[0],
  ipsecIntegrity: esp[1],
  pfsGroup: esp[2],
});
const words = (ike: string, esp: string, seesIke: string, seesEsp: string, seesPfs = ''): PeerWords => ({
  ike,
  esp,
  seesIke,
  seesEsp,
  seesPfs,
});

export const policyClasses: readonly PolicyClass[] = [
  {
    name: 'default',
    policy: undefined,
    versions: [1, 2],
    strongswan: words(
      'aes256-sha256-modp1024',
      'aes256gcm16',
      'AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_1024',
      'AES_GCM_16-256',
    ),
    libreswan: undefined,
  },
  {
    name: 'CBC with SHA256, group 14, PFS',
    policy: policy(['AES256', 'SHA256', 'DHGroup14'], ['AES256', 'SHA256', 'PFS2048']),
    versions: [1, 2],
    strongswan: words(
      'aes256-sha256-modp2048',
      'aes256-sha256-modp2048',
      'AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048',
      'AES_CBC-256/HMAC_SHA2_256_128',
      'MODP_2048',
    ),
    libreswan: words(
      'aes256-sha2_256;dh14',
      'aes256-sha2_256;dh14',
      'AES_CBC_256-HMAC_SHA2_256-MODP2048',
      'AES_CBC_256-HMAC_SHA2_256_128',
      'MODP2048',
    ),
  },
  {
    name: 'CBC with SHA1, group 2, no PFS',
    policy: policy(['AES128', 'SHA1', 'DHGroup2'], ['AES128', 'SHA1', 'None']),
    versions: [1, 2],
    strongswan: words(
      'aes128-sha1-modp1024',
      'aes128-sha1',
      'AES_CBC-128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024',
      'AES_CBC-128/HMAC_SHA1_96',
    ),
    libreswan: undefined,
  },
  {
    name: 'CBC with SHA384, ECP384, PFS',
    policy: policy(['AES192', 'SHA384', 'ECP384'], ['AES192', 'SHA256', 'ECP384']),
    versions: [1, 2],
    strongswan: words(
      'aes192-sha384-ecp384',
      'aes192-sha256-ecp384',
      'AES_CBC-192/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/ECP_384',
      'AES_CBC-192/HMAC_SHA2_256_128',
      'ECP_384',
    ),
    libreswan: words('aes192-sha2_384;dh20', 'aes192-sha2_256', 'AES_CBC_192-HMAC_SHA2_384-DH20', 'AES_CBC_192-HMAC_SHA2_256_128', 'DH20'),
  },
  {
    name: 'CBC with SHA384, group 24, PFS',
    policy: policy(['AES256', 'SHA384', 'DHGroup24'], ['AES256', 'SHA256', 'PFS24']),
    versions: [1, 2],
    strongswan: words(
      'aes256-sha384-modp2048s256',
      'aes256-sha256-modp2048s256',
      'AES_CBC-256/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/MODP_2048_256',
      'AES_CBC-256/HMAC_SHA2_256_128',
      'MODP_2048_256',
    ),
    libreswan: undefined,
  },
  {
    name: 'GCM in both phases, ECP256, PFS',
    policy: policy(['GCMAES256', 'SHA384', 'ECP256'], ['GCMAES256', 'GCMAES256', 'ECP256']),
    versions: [2],
    strongswan: words(
      'aes256gcm16-prfsha384-ecp256',
      'aes256gcm16-ecp256',
      'AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256',
      'AES_GCM_16-256',
      'ECP_256',
    ),
    libreswan: words(
      'aes_gcm256-sha2_384;dh19',
      'aes_gcm256-null;dh19',
      'AES_GCM_16_256-HMAC_SHA2_384-DH19',
      'AES_GCM_16_256-NONE',
      'DH19',
    ),
  },
  {
    name: 'GCM of 128 bits, ECP256, no PFS',
    policy: policy(['AES128', 'SHA256', 'ECP256'], ['GCMAES128', 'GCMAES128', 'None']),
    versions: [1, 2],
    strongswan: words('aes128-sha256-ecp256', 'aes128gcm16', 'AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256', 'AES_GCM_16-128'),
    libreswan: words('aes128-sha2_256;dh19', 'aes_gcm128-null', 'AES_CBC_128-HMAC_SHA2_256-DH19', 'AES_GCM_16_128-NONE'),
  },
  {
    name: 'GCM of 192 bits, group 2048, PFS of main mode',
    policy: policy(['AES256', 'SHA1', 'DHGroup2048'], ['GCMAES192', 'GCMAES192', 'PFSMM']),
    versions: [1, 2],
    strongswan: words(
      'aes256-sha1-modp2048',
      'aes192gcm16-modp2048',
      'AES_CBC-256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048',
      'AES_GCM_16-192',
      'MODP_2048',
    ),
    libreswan: words('aes256-sha1;dh14', 'aes_gcm192-null;dh14', 'AES_CBC_256-HMAC_SHA1-MODP2048', 'AES_GCM_16_192-NONE', 'MODP2048'),
  },
  {
    name: '3DES, group 14, PFS',
    policy: policy(['DES3', 'SHA1', 'DHGroup14'], ['DES3', 'SHA1', 'PFS14']),
    versions: [1, 2],
    strongswan: words(
      '3des-sha1-modp2048',
      '3des-sha1-modp2048',
      '3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048',
      '3DES_CBC/HMAC_SHA1_96',
      'MODP_2048',
    ),
    libreswan: words('3des-sha1;dh14', '3des-sha1;dh14', '3DES_CBC_192-HMAC_SHA1-MODP2048', '3DES_CBC_192-HMAC_SHA1_96', 'MODP2048'),
  },
  {
    name: 'MD5, ECP256, no PFS',
    policy: policy(['AES128', 'MD5', 'ECP256'], ['AES128', 'MD5', 'None']),
    versions: [1, 2],
    strongswan: words('aes128-md5-ecp256', 'aes128-md5', 'AES_CBC-128/HMAC_MD5_96/PRF_HMAC_MD5/ECP_256', 'AES_CBC-128/HMAC_MD5_96'),
    libreswan: words('aes128-md5;dh19', 'aes128-md5', 'AES_CBC_128-HMAC_MD5-DH19', 'AES_CBC_128-HMAC_MD5_96'),
  },
  {
    name: 'DES with MD5, group 1, PFS',
    policy: policy(['DES', 'MD5', 'DHGroup1'], ['DES', 'MD5', 'PFS1']),
    versions: [1, 2],
    strongswan: words('des-md5-modp768', 'des-md5-modp768', 'DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_768', 'DES_CBC/HMAC_MD5_96', 'MODP_768'),
    libreswan: undefined,
  },
  {
    name: 'ESP without encryption, group 14, no PFS',
    policy: policy(['AES256', 'SHA256', 'DHGroup14'], ['None', 'SHA256', 'None']),
    versions: [1, 2],
    strongswan: words(
      'aes256-sha256-modp2048',
      'null-sha256',
      'AES_CBC-256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048',
      'NULL/HMAC_SHA2_256_128',
    ),
    libreswan: words('aes256-sha2_256;dh14', 'null-sha2_256', 'AES_CBC_256-HMAC_SHA2_256-MODP2048', 'NULL_000-HMAC_SHA2_256_128'),
  },
];
