/** Parity rows of IKE and IPsec: what a gateway offers and accepts, for how long, and which packets its SAs are for. What its peers see of that is peers.ts. */
import { differs, pages, row, type ParityRow } from './row.ts';

const mainMode = 'Packets flow again within five seconds here too, and often none is missed: CHILD SAs go over to the new main mode.';
const lists = 'Not enforced: a connection has as many CHILD SAs as its selectors make pairs.';
const noGroup = 'The connection is stored and does nothing, with the reason DhGroupNotSupported: IKE has no exchange without a group.';

export const securityParity: readonly ParityRow[] = [
  row(
    'VGW-IKE-001',
    'Route-based, main mode and IKE_SA_INIT: six proposals of AES and 3DES with SHA-1 or SHA-256, all of group 2.',
    pages.devices,
  ),
  row('VGW-IKE-002', 'Route-based, quick mode: six proposals without PFS as initiator, twenty-six as responder.', pages.devices),
  row('VGW-IKE-003', 'Policy-based: four proposals for both phases and roles, group 2, no PFS.', pages.devices),
  row('VGW-IKE-004', 'An IKE SA lives 28,800 seconds, with a custom policy too.', pages.faq),
  row(
    'VGW-IKE-005',
    'An IPsec SA lives 27,000 seconds, 3,600 policy-based, and 102,400,000 KB; a custom policy says otherwise, and the peer need not agree.',
    pages.devices,
  ),
  row('VGW-IKE-006', 'IKEv2 is rekeyed in place: no packet is lost.', pages.faq),
  differs(
    'VGW-IKE-007',
    'An IKEv1 main mode is not rekeyed in place: the tunnel drops, and needs up to five seconds.',
    pages.faq,
    mainMode,
  ),
  row(
    'VGW-IKE-008',
    'The default connection mode begins and answers, InitiatorOnly does not answer, ResponderOnly does not begin.',
    pages.rest,
  ),
  row(
    'VGW-IKE-009',
    'disableIPSecReplayProtection turns the replay check off.',
    pages.rest,
    'With the check, the window has 128 packets; Azure’s is not published.',
  ),
  row('VGW-IPSEC-005', 'A custom policy is the only proposal that is sent, and the only one that is accepted.', pages.policies),
  row('VGW-IPSEC-006', 'Without its custom policy a connection has the defaults again.', pages.policies),
  row(
    'VGW-IPSEC-007',
    'IKE integrity is the PRF as well; with GCM in IKE it is the PRF only.',
    pages.policies,
    'Where it is GCM itself: SHA384 for 256 bits, SHA256 for 128.',
  ),
  row('VGW-IPSEC-008', 'PFS14 and PFS2048, DHGroup14 and DHGroup2048 are the same group; PFSMM is the group of main mode.', pages.policies),
  differs('VGW-IPSEC-009', 'A custom policy may have the DhGroup None.', pages.policies, noGroup),
  row(
    'VGW-IPSEC-010',
    'A custom policy has all eight members, or is refused.',
    pages.faq,
    'With InvalidRequestFormat, as every missing member.',
  ),
  row(
    'VGW-IPSEC-011',
    'A lifetime or a data size of 0 is the default: 27,000 seconds, 102,400,000 KB.',
    pages.policies,
    'Terraform’s provider sends 0 for what is not set.',
  ),
  row('VGW-TS-001', 'Selectors of a route-based gateway are any to any; routes decide.', pages.selectors),
  row(
    'VGW-TS-002',
    'With policy-based selectors each prefix of the site is paired with each of the virtual network, a CHILD SA each.',
    pages.selectors,
  ),
  row(
    'VGW-TS-003',
    'trafficSelectorPolicies take the place of those pairs, and have no effect without usePolicyBasedTrafficSelectors.',
    pages.selectors,
    'Where they have none, the connection says so as a condition.',
  ),
  differs(
    'VGW-TS-005',
    'Policy-based selectors need IKEv2 on the device.',
    pages.selectors,
    'As older text says; IKEv1 is accepted here, with the same pairs.',
  ),
  differs('VGW-TS-004', 'A tunnel has at most 100 quick-mode SAs.', pages.devices, lists),
];
