/**
 * Why a tunnel is not up, in one sentence with a stable code, read from charon's log: as initiator and as responder, IKEv1
 * and IKEv2. The table below is all the knowledge; recorded/ holds what charon 5.9.8 really logs for each case.
 * Not the place for what to do about it: the agent starts again in any case.
 */
import type { TunnelPlan } from '@sallyport/model';
import type { LogLine } from '@sallyport/protocols';
import { azureProposal } from './algorithms.ts';
import { proposalDifference } from './proposal-difference.ts';
import type { ProposalKind } from './proposal-difference.ts';

export type ReasonCode =
  | 'PeerSilent'
  | 'WrongKey'
  | 'WrongIdentity'
  | 'CertificateRefused'
  | 'CertificateExpired'
  | 'CertificateUnknownAuthority'
  | 'NoCommonIkeProposal'
  | 'NoCommonEspProposal'
  | 'SelectorsRefused'
  | 'PeerDeleted'
  | 'Idle'
  | 'EngineDown'
  | 'Unknown';

export type Finding = {
  readonly code: ReasonCode;
  readonly message: string;
  readonly atMs: number;
  /** The sentence gains by saying what we offered. */
  readonly about?: 'ike' | 'esp' | 'selectors';
};

/** What is known of one IKE SA from its log lines so far. */
export type SaLog = {
  readonly connection: string | undefined;
  readonly peer: string;
  readonly hasAnswered: boolean;
  readonly isEstablished: boolean;
  /** Has had a CHILD SA. */
  readonly hasChild: boolean;
  /** Port of the last packet sent. */
  readonly port: string;
  /** `received proposals` and `configured proposals`, as logged. */
  readonly received: string;
  readonly configured: string;
  /** Identity the peer gave, from `looking for peer configs matching`. */
  readonly peerIdentity: string;
  /** Subject of the certificate that charon looks at. */
  readonly certificate: string;
  /** We have shown ours. */
  readonly hasSentCertificate: boolean;
};

type Rule = {
  readonly pattern: RegExp;
  readonly when?: (sa: SaLog) => boolean;
  readonly code: ReasonCode;
  readonly about?: Finding['about'];
  readonly say: (sa: SaLog, match: RegExpExecArray, nowMs: number) => string;
};

const established = (sa: SaLog): boolean => sa.isEstablished;
const notEstablished = (sa: SaLog): boolean => !sa.isEstablished;

/** First match wins. Lines are charon's own, for IKEv2 and IKEv1 in turn where they differ. */
const rules: readonly Rule[] = [
  {
    pattern: /^received AUTHENTICATION_FAILED (?:notify error|error notify)/,
    when: (sa) => sa.hasSentCertificate,
    code: 'CertificateRefused',
    say: (sa) =>
      `peer ${sa.peer} answered AUTHENTICATION_FAILED: it does not trust our certificate, or its own has another subject name than the connection expects`,
  },
  {
    pattern: /^(?:subject|issuer|trusted) certificate invalid \(valid from (.*) to (.*)\)/,
    code: 'CertificateExpired',
    say: (sa, match, nowMs) => `certificate ${sa.certificate} of peer ${sa.peer} ${validity(match[1] ?? '', match[2] ?? '', nowMs)}`,
  },
  {
    pattern: /^no issuer certificate found for "(.*)"|^constraint check failed: peer not authenticated by CA/,
    code: 'CertificateUnknownAuthority',
    say: (sa, match) =>
      `certificate ${match[1] ?? sa.certificate} of peer ${sa.peer} is of an unknown authority: none of the connection's inbound chain has issued it`,
  },
  {
    pattern: /^received AUTHENTICATION_FAILED (?:notify error|error notify)/,
    code: 'WrongKey',
    say: (sa) => `peer ${sa.peer} answered AUTHENTICATION_FAILED: the shared keys differ, or it expects another identity`,
  },
  {
    pattern: /^tried \d+ shared keys? for .*, but MAC mismatched/,
    code: 'WrongKey',
    say: (sa) => `peer ${sa.peer} did not prove our shared key: the shared keys differ`,
  },
  {
    pattern: /^no shared key found for (.*)/,
    code: 'WrongKey',
    say: (sa, match) => `no shared key is known for ${match[1] ?? ''}, which peer ${sa.peer} asked for`,
  },
  {
    // IKEv1 encrypts with the shared key: another key makes garbage, not a refusal.
    pattern: /^invalid (?:ID_V1|HASH_V1) payload length, decryption failed\?/,
    code: 'WrongKey',
    say: (sa) => `what peer ${sa.peer} sent can't be decrypted: the shared keys differ`,
  },
  {
    pattern: /^no (?:matching )?peer config found|^constraint check failed: identity|^IDir '.*' does not match/,
    code: 'WrongIdentity',
    say: (sa) =>
      `peer ${sa.peer} names itself ${sa.peerIdentity === '' ? 'otherwise' : sa.peerIdentity}, or asks for another identity of ours: no connection has these`,
  },
  {
    pattern: /^received proposals unacceptable|^no proposal found/,
    code: 'NoCommonIkeProposal',
    say: (sa) => offeredAndAccepted('ike', sa),
  },
  {
    pattern: /^no IKE config found for .*, sending NO_PROPOSAL_CHOSEN/,
    code: 'NoCommonIkeProposal',
    say: (sa) => `peer ${sa.peer} speaks another IKE version than the connection`,
  },
  {
    pattern: /^received NO_PROPOSAL_CHOSEN (?:notify error|error notify)/,
    when: notEstablished,
    code: 'NoCommonIkeProposal',
    about: 'ike',
    say: (sa) => `peer ${sa.peer} answered NO_PROPOSAL_CHOSEN: it accepts none of our IKE proposals, or has no connection for us`,
  },
  {
    pattern: /^received NO_PROPOSAL_CHOSEN (?:notify, no CHILD_SA built|error notify)/,
    code: 'NoCommonEspProposal',
    about: 'esp',
    say: (sa) => `peer ${sa.peer} answered NO_PROPOSAL_CHOSEN: it accepts none of our IPsec proposals`,
  },
  {
    pattern: /^no acceptable proposal found|^no matching proposal found, sending NO_PROPOSAL_CHOSEN/,
    when: established,
    code: 'NoCommonEspProposal',
    say: (sa) => offeredAndAccepted('esp', sa),
  },
  {
    pattern: /^received (?:TS_UNACCEPTABLE notify, no CHILD_SA built|INVALID_ID_INFORMATION error notify)/,
    code: 'SelectorsRefused',
    about: 'selectors',
    say: (sa) => `peer ${sa.peer} refused our traffic selectors`,
  },
  {
    pattern: /^(?:traffic selectors (.*) === (.*) unacceptable|no matching CHILD_SA config found for (.*) === (.*))/,
    code: 'SelectorsRefused',
    say: (sa, match) =>
      `peer ${sa.peer} asks for traffic selectors ${match[1] ?? match[4] ?? ''} (ours) and ${match[2] ?? match[3] ?? ''} (its own), which the connection does not have`,
  },
  {
    // IKEv1's main mode names the identities last, and says nothing to the other end that refuses one.
    pattern: /^received DELETE for IKE_SA/,
    when: (sa) => sa.isEstablished && !sa.hasChild,
    code: 'PeerDeleted',
    say: (sa) => `peer ${sa.peer} closed the tunnel at once, before a CHILD SA: it may expect another identity of ours`,
  },
  {
    pattern: /^received DELETE for (?:IKE_SA|ESP CHILD_SA)/,
    code: 'PeerDeleted',
    say: (sa) => `peer ${sa.peer} closed the tunnel`,
  },
  {
    pattern: /^deleting (?:IKE_SA|CHILD_SA) after (\d+) seconds of (?:CHILD_SA )?inactivity/,
    code: 'Idle',
    say: (_sa, match) => `no packet passed for ${match[1] ?? ''} s`,
  },
  {
    pattern: /^unable to install .*(?:SAD|SPD)\) in kernel|^unable to allocate SPI.*|^key derivation failed/,
    code: 'EngineDown',
    say: (_sa, match) => `the IPsec engine of this host refused the SA: ${match[0]}`,
  },
  {
    pattern: /^(?:sending )?retransmit ([2-9]) of request|^giving up after \d+ retransmits|^peer not responding, trying again/,
    code: 'PeerSilent',
    say: (sa) => silence(sa),
  },
  {
    pattern: /^received ([A-Z_]{6,}) (?:notify error|error notify|notify, no CHILD_SA built)/,
    code: 'Unknown',
    say: (sa, match) => `peer ${sa.peer} answered ${match[1] ?? ''}`,
  },
];

/** Most lines tell nothing: one look instead of one for each rule. */
const tellsSomething = anyOf(rules);

function anyOf(tables: readonly { readonly pattern: RegExp }[]): RegExp {
  return new RegExp(tables.map(({ pattern }) => pattern.source).join('|'));
}

/** charon prints the host's local time. */
function validity(from: string, to: string, nowMs: number): string {
  if (nowMs > Date.parse(to)) return `expired on ${to}`;
  if (nowMs < Date.parse(from)) return `is not valid before ${from}: is this host's clock right?`;
  return `has an issuer that is not valid now, or is not itself: charon names ${from} to ${to}; is this host's clock right?`;
}

function silence(sa: SaLog): string {
  if (sa.isEstablished) return `peer ${sa.peer} has stopped answering`;
  if (sa.hasAnswered && sa.port === '4500') return `peer ${sa.peer} answers on UDP 500 but not on UDP 4500: is 4500 open on the way?`;
  return `peer ${sa.peer} does not answer on UDP ${sa.port === '' ? '500' : sa.port}`;
}

/** The reason that a log line gives, if any. */
export function findReason(line: string, sa: SaLog, nowMs: number): Omit<Finding, 'atMs'> | undefined {
  if (!tellsSomething.test(line)) return undefined;
  for (const rule of rules) {
    const match = rule.pattern.exec(line);
    if (match === null || rule.when?.(sa) === false) continue;
    return { code: rule.code, message: rule.say(sa, match, nowMs), ...(rule.about === undefined ? {} : { about: rule.about }) };
  }
  return undefined;
}

/** The sentence for a connection, with what we offered where the peer's refusal says nothing about it. */
export function sentence(finding: Finding, tunnel: TunnelPlan): string {
  if (finding.about === undefined) return finding.message;
  if (finding.about === 'selectors') {
    const pairs = tunnel.esp.selectors.map(({ local, remote }) => `${local.join(' and ')} to ${remote.join(' and ')}`);
    return `${finding.message}; proposed were ${few(pairs)}, ours first`;
  }
  const offered =
    finding.about === 'ike'
      ? tunnel.ike.offers.map((offer) => [offer.encryption, offer.integrity, offer.dhGroup])
      : tunnel.esp.offers.map((offer) => [offer.encryption, offer.integrity, ...(offer.pfsGroup === 'None' ? [] : [offer.pfsGroup])]);
  return `${finding.message}; offered ${few(offered.map((words) => words.join('/')))}`;
}

function offeredAndAccepted(kind: ProposalKind, sa: SaLog): string {
  const [received, configured] = [proposals(sa.received), proposals(sa.configured)];
  const difference = proposalDifference(kind, received, configured);
  const what = kind === 'ike' ? 'IKE' : 'IPsec';
  const words = (list: readonly string[]): string => (list.length === 0 ? 'others' : few(list));
  return `peer ${sa.peer} offered ${what} ${words(received)}; accepted are ${words(configured)}${difference === undefined ? '' : `: ${difference}`}`;
}

function proposals(logged: string): readonly string[] {
  return logged === '' ? [] : logged.split(', ').map(azureProposal);
}

function few(words: readonly string[]): string {
  const shown = words.slice(0, 6);
  return words.length > shown.length ? `${shown.join(', ')} and ${words.length - shown.length} more` : shown.join(', ');
}

/** What one more log line tells of an SA. */
export function follow(sa: SaLog, line: LogLine): SaLog {
  const connection = line.connection === undefined || line.connection === '(unnamed)' ? sa.connection : line.connection;
  const known = connection === sa.connection ? sa : { ...sa, connection };
  const [field, value] = fact(line.message);
  return field === undefined ? known : { ...known, ...value };
}

const facts: readonly { readonly pattern: RegExp; readonly read: (match: RegExpExecArray) => Partial<SaLog> }[] = [
  {
    pattern: /^initiating (?:Main Mode |Aggressive Mode )?IKE_SA .* to (\S+)$/,
    read: (m) => ({ peer: m[1] ?? '', hasAnswered: false, isEstablished: false, hasChild: false }),
  },
  { pattern: /^(\S+) is initiating an? (?:Main Mode |Aggressive Mode )?IKE_SA/, read: (m) => ({ peer: m[1] ?? '' }) },
  { pattern: /^received packet: from (\S+)\[\d+\] to /, read: (m) => ({ peer: m[1] ?? '', hasAnswered: true }) },
  { pattern: /^sending packet: from \S+ to (\S+)\[(\d+)\]/, read: (m) => ({ peer: m[1] ?? '', port: m[2] ?? '' }) },
  { pattern: /^received proposals: (.*)/, read: (m) => ({ received: m[1] ?? '' }) },
  { pattern: /^configured proposals: (.*)/, read: (m) => ({ configured: m[1] ?? '' }) },
  { pattern: /^looking for .*peer configs matching .*\[([^\]]*)\]$/, read: (m) => ({ peerIdentity: m[1] ?? '' }) },
  { pattern: /^\s*using (?:untrusted |trusted )?certificate "(.*)"/, read: (m) => ({ certificate: m[1] ?? '' }) },
  { pattern: /^received end entity cert "(.*)"/, read: (m) => ({ certificate: m[1] ?? '' }) },
  { pattern: /^sending end entity cert /, read: () => ({ hasSentCertificate: true }) },
  { pattern: /^IKE_SA .* established between /, read: () => ({ isEstablished: true }) },
  { pattern: /^(?:inbound )?CHILD_SA \S+ established with /, read: () => ({ hasChild: true }) },
];

const tellsFact = anyOf(facts);

function fact(message: string): readonly [true, Partial<SaLog>] | readonly [undefined] {
  if (!tellsFact.test(message)) return [undefined];
  for (const { pattern, read } of facts) {
    const match = pattern.exec(message);
    if (match !== null) return [true, read(match)];
  }
  return [undefined];
}

export const unknownSa: SaLog = {
  connection: undefined,
  peer: 'of unknown address',
  hasAnswered: false,
  isEstablished: false,
  hasChild: false,
  port: '',
  received: '',
  configured: '',
  peerIdentity: '',
  certificate: '',
  hasSentCertificate: false,
};
