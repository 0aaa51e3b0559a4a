/**
 * Values of a custom IPsec/IKE policy. Presence of all eight members is the schema's.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq#ipsecike
 */
import type { Issue } from '../../issue.ts';
import { ipsecPolicyLimits, isGcm } from '../algorithms.ts';
import type { IpsecPolicy } from '../schema/ipsec.ts';
import { refuse, when } from './refuse.ts';

/** `owner` is the id of the connection or gateway, `target` the path of the list. */
export function ipsecPolicyIssues(policies: readonly IpsecPolicy[], owner: string, target: string): readonly Issue[] {
  return [
    ...when(policies.length > 1, () =>
      refuse(
        'VGW-IPSEC-001',
        'OnlyOneIpsecPolicyAllowed',
        `Only one IPsec policy can be specified for ${owner}; there are ${policies.length}.`,
        target,
      ),
    ),
    ...policies.flatMap((policy, index) => policyIssues(policy, owner, `${target}[${index}]`)),
  ];
}

function policyIssues(policy: IpsecPolicy, owner: string, target: string): readonly Issue[] {
  const { ipsecEncryption, ipsecIntegrity, saLifeTimeSeconds, saDataSizeKilobytes } = policy;
  const isMismatch = (isGcm(ipsecEncryption) || isGcm(ipsecIntegrity)) && ipsecEncryption !== ipsecIntegrity;
  return [
    ...when(isMismatch, () =>
      refuse(
        'VGW-IPSEC-002',
        'InvalidIpsecPolicyGcmPair',
        `The IPsec policy of ${owner} is invalid: with a GCMAES algorithm, IpsecEncryption (${ipsecEncryption}) and IpsecIntegrity (${ipsecIntegrity}) must be the same.`,
        `${target}.ipsecIntegrity`,
      ),
    ),
    ...when(saLifeTimeSeconds < ipsecPolicyLimits.minimumLifetime || saLifeTimeSeconds > 0x7fffffff, () =>
      refuse(
        'VGW-IPSEC-003',
        'InvalidIpsecPolicySaLifeTime',
        `The SaLifeTimeSeconds ${saLifeTimeSeconds} of the IPsec policy of ${owner} is invalid. The minimum is ${ipsecPolicyLimits.minimumLifetime}.`,
        `${target}.saLifeTimeSeconds`,
      ),
    ),
    ...when(saDataSizeKilobytes < ipsecPolicyLimits.minimumKilobytes || saDataSizeKilobytes > 0x7fffffff, () =>
      refuse(
        'VGW-IPSEC-004',
        'InvalidIpsecPolicySaDataSize',
        `The SaDataSizeKilobytes ${saDataSizeKilobytes} of the IPsec policy of ${owner} is invalid. The minimum is ${ipsecPolicyLimits.minimumKilobytes}.`,
        `${target}.saDataSizeKilobytes`,
      ),
    ),
  ];
}
