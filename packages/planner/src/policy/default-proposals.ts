/**
 * The proposals of a connection without a custom policy, in Azure's order of preference: of a route-based gateway, whose
 * offers as initiator and as responder differ, and of a policy-based one, which has one list for both phases and both roles.
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-devices#ipsec
 * Weak ones (DES, 3DES, SHA-1, DH group 1 and 2) are there because Azure offers and accepts them.
 */
import type { EspProposal, IkeProposal } from '@sallyport/model';

/** VGW-IKE-001: main mode and IKE_SA_INIT, as initiator and as responder. */
export const defaultIkeProposals: readonly IkeProposal[] = (
  [
    ['AES256', 'SHA1'],
    ['AES256', 'SHA256'],
    ['AES128', 'SHA1'],
    ['AES128', 'SHA256'],
    ['DES3', 'SHA1'],
    ['DES3', 'SHA256'],
  ] as const
).map(([encryption, integrity]) => ({ encryption, integrity, dhGroup: 'DHGroup2' }));

type EspRow = readonly [encryption: string, integrity: string, pfsGroup: string];
const toEsp = ([encryption, integrity, pfsGroup]: EspRow): EspProposal => ({ encryption, integrity, pfsGroup });

/** VGW-IKE-002: "Azure Gateway as initiator". */
export const defaultEspOffers: readonly EspProposal[] = (
  [
    ['GCMAES256', 'GCMAES256', 'None'],
    ['AES256', 'SHA1', 'None'],
    ['DES3', 'SHA1', 'None'],
    ['AES256', 'SHA256', 'None'],
    ['AES128', 'SHA1', 'None'],
    ['DES3', 'SHA256', 'None'],
  ] as const satisfies readonly EspRow[]
).map(toEsp);

/** "Azure Gateway as responder", all 26. */
export const defaultEspAccepts: readonly EspProposal[] = (
  [
    ['GCMAES256', 'GCMAES256', 'None'],
    ['AES256', 'SHA1', 'None'],
    ['DES3', 'SHA1', 'None'],
    ['AES256', 'SHA256', 'None'],
    ['AES128', 'SHA1', 'None'],
    ['DES3', 'SHA256', 'None'],
    ['DES', 'SHA1', 'None'],
    ['AES256', 'SHA1', 'PFS1'],
    ['AES256', 'SHA1', 'PFS2'],
    ['AES256', 'SHA1', 'PFS2048'],
    ['AES128', 'SHA1', 'PFS1'],
    ['AES128', 'SHA1', 'PFS2'],
    ['AES128', 'SHA1', 'PFS2048'],
    ['DES3', 'SHA1', 'PFS1'],
    ['DES3', 'SHA1', 'PFS2'],
    ['DES3', 'SHA256', 'PFS2'],
    ['AES256', 'SHA256', 'PFS1'],
    ['AES256', 'SHA256', 'PFS2'],
    ['AES256', 'SHA256', 'PFS2048'],
    ['AES256', 'SHA1', 'PFS24'],
    ['AES256', 'SHA256', 'PFS24'],
    ['AES128', 'SHA256', 'None'],
    ['AES128', 'SHA256', 'PFS1'],
    ['AES128', 'SHA256', 'PFS2'],
    ['AES128', 'SHA256', 'PFS2048'],
    ['DES3', 'SHA1', 'PFS2048'],
  ] as const satisfies readonly EspRow[]
).map(toEsp);

/** VGW-IKE-003 */
const policyBasedAlgorithms = [
  ['AES256', 'SHA256'],
  ['AES256', 'SHA1'],
  ['AES128', 'SHA1'],
  ['DES3', 'SHA1'],
] as const;

export const policyBasedIkeProposals: readonly IkeProposal[] = policyBasedAlgorithms.map(([encryption, integrity]) => ({
  encryption,
  integrity,
  dhGroup: 'DHGroup2',
}));

/** Quick mode has no group of its own. */
export const policyBasedEspProposals: readonly EspProposal[] = policyBasedAlgorithms.map(([encryption, integrity]) =>
  toEsp([encryption, integrity, 'None']),
);
