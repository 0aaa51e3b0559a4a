/**
 * What must not come up, and why: the gateway's policy is one, and the device differs from it in one thing. As the gateway says it when it
 * began, and when the peer did: then it knows both sides' values. Pure.
 */
import type { Policy } from './policies.ts';

export const policy: Policy = {
  ikeEncryption: 'AES256',
  ikeIntegrity: 'SHA256',
  dhGroup: 'DHGroup14',
  ipsecEncryption: 'AES256',
  ipsecIntegrity: 'SHA256',
  pfsGroup: 'PFS2048',
};
const sameIke = 'aes256-sha256-modp2048';
const sameEsp = 'aes256-sha256-modp2048';

export type Refusal = {
  readonly what: string;
  readonly versions: readonly (1 | 2)[];
  /** What the device has. */
  readonly ike: string;
  readonly esp: string;
  readonly hasWrongKey?: true;
  readonly localId?: string;
  readonly remoteId?: string;
  readonly speaksOtherVersion?: true;
  /** The gateway proposes its prefixes, and the device has others. */
  readonly hasOtherSelectors?: true;
  /** `code message`, as the gateway says it; undefined where it is not refused. */
  readonly asInitiator?: RegExp;
  readonly asResponder?: RegExp;
};

const ourIke = 'AES256/SHA256/DHGroup14';
const ike = (what: string, device: string, theirs: string, differs: string): Refusal => ({
  what,
  versions: [1, 2],
  ike: device,
  esp: sameEsp,
  asInitiator: new RegExp(`^NoCommonIkeProposal peer \\S+ answered NO_PROPOSAL_CHOSEN: .*none of our IKE proposals.*; offered ${ourIke}$`),
  asResponder: new RegExp(`^NoCommonIkeProposal peer \\S+ offered IKE ${theirs}; accepted are ${ourIke}: ${differs}$`),
});
const esp = (what: string, versions: readonly (1 | 2)[], device: string, theirs: string, differs: string): Refusal => ({
  what,
  versions,
  ike: sameIke,
  esp: device,
  asInitiator:
    /^NoCommonEspProposal peer \S+ answered NO_PROPOSAL_CHOSEN: it accepts none of our IPsec proposals; offered AES256\/SHA256\/PFS2048$/,
  asResponder: new RegExp(`^NoCommonEspProposal peer \\S+ offered IPsec ${theirs}; accepted are AES256/SHA256(?:/PFS2048)?: ${differs}$`),
});
const other = (what: string, change: Partial<Refusal>): Refusal => ({ what, versions: [1, 2], ike: sameIke, esp: sameEsp, ...change });

export const refusals: readonly Refusal[] = [
  ike('another IKE encryption', 'aes128-sha256-modp2048', 'AES128/SHA256/DHGroup14', 'encryption differs: AES128 offered, AES256 accepted'),
  ike('another IKE integrity', 'aes256-sha1-modp2048', 'AES256/SHA1/DHGroup14', 'integrity differs: SHA1 offered, SHA256 accepted'),
  ike('another DH group', 'aes256-sha256-ecp256', 'AES256/SHA256/ECP256', 'DH group differs: ECP256 offered, DHGroup14 accepted'),
  esp(
    'another ESP encryption',
    [1, 2],
    'aes128-sha256-modp2048',
    'AES128/SHA256(?:/PFS2048)?',
    'encryption differs: AES128 offered, AES256 accepted',
  ),
  esp(
    'another ESP integrity',
    [1, 2],
    'aes256-sha1-modp2048',
    'AES256/SHA1(?:/PFS2048)?',
    'integrity differs: SHA1 offered, SHA256 accepted',
  ),
  // In IKEv2 the first CHILD SA has no group of its own; there the rekey is refused (matrix of responders).
  esp('no PFS', [1], 'aes256-sha256', 'AES256/SHA256', 'PFS group differs: None offered, PFS2048 accepted'),
  esp('another PFS group', [1], 'aes256-sha256-ecp256', 'AES256/SHA256/ECP256', 'PFS group differs: ECP256 offered, PFS2048 accepted'),
  other('another key', {
    hasWrongKey: true,
    asInitiator: /^WrongKey .*the shared keys differ/,
    asResponder: /^WrongKey .*the shared keys differ/,
  }),
  other('another identity of the device', {
    localId: 'other.example.net',
    asInitiator: /^Wrong(?:Identity|Key) /,
    asResponder: /^WrongIdentity peer \S+ names itself other\.example\.net/,
  }),
  other('another identity expected of the gateway', {
    remoteId: 'azure.example.net',
    asInitiator: /^Wrong(?:Identity|Key) /,
    // IKEv1's responder names itself last and hears no reason.
    asResponder: /^WrongIdentity |^PeerDeleted peer \S+ closed the tunnel at once, .*another identity of ours/,
  }),
  other('the other IKE version', {
    speaksOtherVersion: true,
    asInitiator: /^NoCommonIkeProposal .*or has no connection for us/,
    asResponder: /^NoCommonIkeProposal peer \S+ speaks another IKE version/,
  }),
  // As responder the gateway accepts whatever selectors a peer proposes.
  other('other selectors', { hasOtherSelectors: true, asInitiator: /^SelectorsRefused peer \S+ refused our traffic selectors/ }),
];
