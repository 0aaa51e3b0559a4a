/**
 * Proposals and lifetimes of one connection: Azure's defaults for the type of its gateway, or exactly the one custom policy,
 * which is then the only one offered and the only one accepted (VGW-IPSEC-005, VGW-IPSEC-006). A policy-based gateway has no custom policies.
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-compliance-crypto
 */
import type { EspPlan, IkePlan, IpsecPolicy, VirtualNetworkGateway } from '@sallyport/model';
import {
  defaultEspAccepts,
  defaultEspOffers,
  defaultIkeProposals,
  policyBasedEspProposals,
  policyBasedIkeProposals,
} from './default-proposals.ts';

/** VGW-IKE-004: fixed on the gateway, with a custom policy too. */
const ikeLifetimeSeconds = 28_800;
/** VGW-IKE-005 */
const defaultEspLifetimeSeconds = 27_000;
const policyBasedEspLifetimeSeconds = 3_600;
/** A policy-based tunnel goes after five minutes without traffic, whatever the prefixes. */
const policyBasedIdleTimeoutSeconds = 300;
const defaultEspLifetimeKilobytes = 102_400_000;

export type SecurityAssociations = {
  readonly ike: Pick<IkePlan, 'offers' | 'accepts' | 'lifetimeSeconds'>;
  readonly esp: Pick<EspPlan, 'offers' | 'accepts' | 'lifetimeSeconds' | 'lifetimeKilobytes' | 'idleTimeoutSeconds'>;
};

export function securityAssociations(
  vpnType: VirtualNetworkGateway['properties']['vpnType'],
  policy: IpsecPolicy | undefined,
): SecurityAssociations {
  if (vpnType === 'PolicyBased') {
    return {
      ike: { offers: policyBasedIkeProposals, accepts: policyBasedIkeProposals, lifetimeSeconds: ikeLifetimeSeconds },
      esp: {
        offers: policyBasedEspProposals,
        accepts: policyBasedEspProposals,
        lifetimeSeconds: policyBasedEspLifetimeSeconds,
        lifetimeKilobytes: defaultEspLifetimeKilobytes,
        idleTimeoutSeconds: policyBasedIdleTimeoutSeconds,
      },
    };
  }
  if (policy === undefined) {
    return {
      ike: { offers: defaultIkeProposals, accepts: defaultIkeProposals, lifetimeSeconds: ikeLifetimeSeconds },
      esp: {
        offers: defaultEspOffers,
        accepts: defaultEspAccepts,
        lifetimeSeconds: defaultEspLifetimeSeconds,
        lifetimeKilobytes: defaultEspLifetimeKilobytes,
        idleTimeoutSeconds: 0,
      },
    };
  }
  const ike = [{ encryption: policy.ikeEncryption, integrity: prfOf(policy.ikeIntegrity), dhGroup: policy.dhGroup }];
  const esp = [{ encryption: policy.ipsecEncryption, integrity: policy.ipsecIntegrity, pfsGroup: pfsGroupOf(policy) }];
  return {
    ike: { offers: ike, accepts: ike, lifetimeSeconds: ikeLifetimeSeconds },
    esp: {
      offers: esp,
      accepts: esp,
      lifetimeSeconds: policy.saLifeTimeSeconds,
      lifetimeKilobytes: policy.saDataSizeKilobytes,
      idleTimeoutSeconds: 0,
    },
  };
}

/**
 * VGW-IPSEC-007: IKE integrity is the PRF as well, and GCM is none. Azure's point-to-site table pairs GCM_AES256 with SHA384 first; SHA256 for
 * the 128-bit one is ours. https://learn.microsoft.com/azure/vpn-gateway/point-to-site-about#IKE-IPsec-policies
 */
const prfOfGcm: Readonly<Record<string, string>> = { GCMAES256: 'SHA384', GCMAES128: 'SHA256' };

function prfOf(ikeIntegrity: string): string {
  return prfOfGcm[ikeIntegrity] ?? ikeIntegrity;
}

const pfsOfMainMode: Readonly<Record<string, string>> = {
  DHGroup1: 'PFS1',
  DHGroup2: 'PFS2',
  DHGroup14: 'PFS2048',
  DHGroup2048: 'PFS2048',
  DHGroup24: 'PFS24',
};

/** VGW-IPSEC-008: `PFSMM` means the group of main mode; resolved here so that the agent has nothing to look up. The ECP groups have one name in both. */
function pfsGroupOf({ pfsGroup, dhGroup }: IpsecPolicy): string {
  return pfsGroup === 'PFSMM' ? (pfsOfMainMode[dhGroup] ?? dhGroup) : pfsGroup;
}
