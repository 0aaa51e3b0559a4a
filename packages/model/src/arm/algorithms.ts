/**
 * Azure's names of IPsec and IKE algorithms, as the API enumerates them, and what a custom policy may combine.
 * Default proposals are the planner's; names in daemons' languages are the engines'.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-compliance-crypto
 */
export const ikeEncryptions = ['DES', 'DES3', 'AES128', 'AES192', 'AES256', 'GCMAES256', 'GCMAES128'] as const;
export const ikeIntegrities = ['MD5', 'SHA1', 'SHA256', 'SHA384', 'GCMAES256', 'GCMAES128'] as const;
export const dhGroups = ['None', 'DHGroup1', 'DHGroup2', 'DHGroup14', 'DHGroup2048', 'ECP256', 'ECP384', 'DHGroup24'] as const;
export const ipsecEncryptions = ['None', 'DES', 'DES3', 'AES128', 'AES192', 'AES256', 'GCMAES128', 'GCMAES192', 'GCMAES256'] as const;
export const ipsecIntegrities = ['MD5', 'SHA1', 'SHA256', 'GCMAES128', 'GCMAES192', 'GCMAES256'] as const;
export const pfsGroups = ['None', 'PFS1', 'PFS2', 'PFS2048', 'ECP256', 'ECP384', 'PFS24', 'PFS14', 'PFSMM'] as const;

export type IkeEncryption = (typeof ikeEncryptions)[number];
export type IkeIntegrity = (typeof ikeIntegrities)[number];
export type DhGroup = (typeof dhGroups)[number];
export type IpsecEncryption = (typeof ipsecEncryptions)[number];
export type IpsecIntegrity = (typeof ipsecIntegrities)[number];
export type PfsGroup = (typeof pfsGroups)[number];

export const ipsecPolicyLimits = {
  /** Seconds. */
  minimumLifetime: 300,
  defaultLifetime: 27_000,
  minimumKilobytes: 1_024,
  defaultKilobytes: 102_400_000,
} as const;

/** Seconds; 0 in a connection stands for `default`. */
export const dpdTimeoutLimits = { minimum: 9, maximum: 3_600, default: 45 } as const;

export function isGcm(algorithm: string): boolean {
  return algorithm.startsWith('GCMAES');
}
