/** What a gateway and its peers do with each other: rules that no refusal tells, held by planner and agent and by tests with real devices. */
import { differs, pages, row, type ParityRow } from './row.ts';

const learned = 'The first attempt under an identity that is not the address is refused, the next one gets in (ADR 34).';
const looked = 'Every minute, or as often as the named name server says; Azure says every few minutes.';
const shortest = 'With IKEv2 not before 14 s: retransmission times are one set for all of charon’s connections (ADR 32).';
const told = 'They are told as a condition of the connection, WeakAlgorithms.';
const privatePeering =
  'There are no circuits: whatever leads from the GatewaySubnet to the device will do, such as a route table. The device needs an address, no name.';
const troubleshooting =
  'Fault codes are Azure’s, summaries and actions are ours, log files are under the data directory; several may run at once.';

export const peerParity: readonly ParityRow[] = [
  row('VGW-PEER-001', 'As responder the gateway accepts the traffic selectors a peer proposes, in every connection mode.', pages.faq),
  row('VGW-PEER-002', 'Configured traffic selectors are proposed only as initiator.', pages.faq),
  row('VGW-PEER-003', 'Only packets of the connection’s prefixes go into its tunnel and come out of it.', pages.faq),
  row('VGW-PEER-004', 'A peer is known by its address and the shared key; behind NAT it may show any identity.', pages.faq, learned),
  row('VGW-PEER-005', 'NAT traversal: ESP in UDP 4500, new ports of a NAT are followed.', pages.faq),
  row('VGW-PEER-006', 'A site given by FQDN is looked up again, and the tunnel moves with the name.', pages.local, looked),
  row('VGW-PEER-007', 'A silent peer is found dead, and tried again until it answers.', pages.faq, shortest),
  row('VGW-PEER-008', 'DES, 3DES, MD5, group 1 and no encryption work where a custom policy has them.', pages.policies, told),
  row('VGW-PEER-009', 'MTU 1400 in the tunnel, TCP MSS clamped at 1350.', pages.devices),
  differs(
    'VGW-PEER-010',
    'Tunnels from the gateway’s private address over ExpressRoute private peering.',
    pages.privatePeering,
    privatePeering,
  ),
  differs('NW-002', 'Troubleshooting of VPN gateways and connections by Network Watcher.', pages.troubleshoot, troubleshooting),
];
