/** What a gateway and its peers do with each other: rules that no refusal tells, held by planner and agent and by tests with real devices. */
import { differs, notYet, pages, row, type ParityRow } from './row.ts';

const learned = 'The first attempt under an identity that is not the address is refused, the next one gets in (ADR 34).';
const looked = 'Every minute, or as often as the named name server says; Azure says every few minutes.';
const shortest = 'To a second or two. With IKEv2 and a timeout below 14 s by the agent, which must be running (ADR 45).';
const told = 'They are told as a condition of the connection, WeakAlgorithms.';
const privatePeering =
  'There are no circuits: whatever leads from the GatewaySubnet to the device will do, such as a route table. The device needs an address, no name.';
const troubleshooting =
  'Fault codes are Azure’s, summaries and actions are ours, log files are under the data directory; several may run at once.';
const restart =
  'All tunnels start anew at once; nothing is rebooted, and with one instance nothing fails over. A gatewayVip of the second instance does nothing.';
const listed = 'Those that stand, not older than two seconds or so. IsSaInitiator of a quick mode is that of its IKE SA.';
const counted = 'Inner bytes, at most some twelve seconds old.';
const captures = 'Refused with OperationNotSupported. On the host tcpdump does it, in the gateway’s namespace.';
const outer = 'On the kernel’s IPsec both; xfrmd asks its peers for ESP in UDP 4500 always, which every device with NAT traversal does.';
const fragments = 'Both are carried. TCP never needs them: its MSS is clamped.';
const devices = 'Some of Azure’s, and others, such as strongSwan, VyOS and OPNsense.';
const bandwidth =
  'They share what the host can do. With the tag sallyport:bandwidth on the gateway they share the SKU’s figure, or a rate, each way; what is over it is dropped.';

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
  differs('VGW-PEER-011', 'IKE is on UDP 500 and 4500, ESP is IP protocol 50 or in UDP 4500.', pages.faq, outer),
  differs('VGW-PEER-012', 'Fragments of ESP, and fragments in a tunnel, are not supported.', pages.devices, fragments),
  differs('VGW-DEV-001', 'supportedvpndevices lists the devices there are configuration scripts for.', pages.scripts, devices),
  row(
    'VGW-DEV-002',
    'A script is filled in with addresses, key, prefixes and policy; REPLACE marks what to check, CLEANUP what undoes it.',
    pages.scripts,
  ),
  row('VGW-OPS-001', 'A reset of a connection renews its SAs and those of no other connection.', pages.reset),
  differs('VGW-OPS-002', 'A reset of a gateway restarts the instance that is active, or the one of gatewayVip.', pages.reset, restart),
  row('VGW-OPS-003', 'The SAs of a connection are listed by getikesas.', pages.rest, listed),
  row(
    'VGW-OPS-004',
    'A connection shows bytes each way and when its tunnels came up; rekeys and restarts do not reset them.',
    pages.rest,
    counted,
  ),
  notYet('VGW-OPS-005', 'Packets of a gateway or a connection are captured on demand.', pages.capture, captures),
  differs(
    'VGW-OPS-006',
    'The connections of a gateway share its bandwidth, up to what its SKU has; none has a limit of its own.',
    pages.skus,
    bandwidth,
  ),
  differs('NW-002', 'Troubleshooting of VPN gateways and connections by Network Watcher.', pages.troubleshoot, troubleshooting),
];
