/**
 * charon's log lines as entries of a tunnel's history: what was sent and received, by exchange and payloads, and what charon
 * made of it. Pure. charon logs no key at the level we read; lines that say nothing about the tunnel (liveness checks, vendor
 * ids, fragments) are left out. Who writes them where is history.ts.
 */
import type { TunnelPlan } from '@sallyport/model';
import type { LogLine } from '@sallyport/protocols';

/** What is known of one IKE SA so far. */
export type SaTrail = {
  readonly local: string;
  readonly remote: string;
  readonly role?: 'initiator' | 'responder';
  /** Generated, not yet sent: its addresses come with the packet. */
  readonly unsent?: Line;
};
export type Line = { readonly tags: readonly string[]; readonly message: string };
export type Step = { readonly trail: SaTrail; readonly line?: Line };

export const noTrail: SaTrail = { local: '', remote: '' };

const exchanges: Readonly<Record<string, string>> = {
  IKE_SA_INIT: 'SA_INIT',
  IKE_AUTH: 'SA_AUTH',
  CREATE_CHILD_SA: 'CREATE_CHILD_SA',
  INFORMATIONAL: 'INFORMATIONAL',
  ID_PROT: 'MAIN_MODE',
  AGGRESSIVE: 'AGGRESSIVE_MODE',
  QUICK_MODE: 'QUICK_MODE',
  INFORMATIONAL_V1: 'INFORMATIONAL',
};
/** Notifies that carry news; the others are capabilities. */
const newsworthy =
  /N\((?!NATD|FRAG|HASH_ALG|REDIR|CHDLESS|MULT_AUTH|EAP_ONLY|MSG_ID|INIT_CONTACT|INITIAL_CONTACT|ESP_TFC|USE_TRANSP|NO_ADD|ADD_)/;
/** Liveness: an exchange without payloads, or IKEv1's own notifies. */
const liveness = /\[ (?:HASH N\(DPD(?:_ACK)?\) )?\]$/;
const noise =
  /vendor ID|^scheduling |^maximum IKE_SA lifetime|^sending DPD request|^splitting IKE message|fragment|^sending (?:end entity )?cert|^received (?:\d+ )?cert(?:ificate)? request|^message parsed|^reinitiating already active/;

/** @returns the trail after the line, and what there is to keep. */
export function follow(trail: SaTrail, { group, message }: LogLine): Step {
  if (group === 'NET') return packet(trail, message);
  if (group === 'ENC') return encoding(trail, message);
  if (noise.test(message)) return { trail };
  const initiated = /^initiating .*IKE_SA .* to (\S+)$/.exec(message);
  const answered = /^(\S+) is initiating an? .*IKE_SA/.exec(message);
  const named: SaTrail =
    initiated !== null
      ? { ...trail, role: 'initiator', remote: `${initiated[1]}:500` }
      : answered !== null
        ? { ...trail, role: 'responder' }
        : trail;
  return { trail: named, line: { tags: ['LOCAL_MSG'], message } };
}

function packet(trail: SaTrail, message: string): Step {
  const sent = /^sending packet: from (\S+)\[(\d+)\] to (\S+)\[(\d+)\]/.exec(message);
  if (sent !== null) {
    const { unsent, ...rest } = trail;
    const moved = { ...rest, local: `${sent[1]}:${sent[2]}`, remote: `${sent[3]}:${sent[4]}` };
    return unsent === undefined ? { trail: moved } : { trail: moved, line: unsent };
  }
  const received = /^received packet: from (\S+)\[(\d+)\] to (\S+)\[(\d+)\]/.exec(message);
  if (received === null) return { trail };
  return { trail: { ...trail, remote: `${received[1]}:${received[2]}`, local: `${received[3]}:${received[4]}` } };
}

function encoding(trail: SaTrail, message: string): Step {
  const match = /^(generating|parsed) (\w+) (request|response) (\d+) (\[.*\])$/.exec(message);
  // What is not an exchange is a message that could not be read.
  if (match === null) return noise.test(message) ? { trail } : { trail, line: { tags: ['LOCAL_MSG'], message } };
  const [, verb = '', exchange = '', kind = '', id = '', payloads = ''] = match;
  if (liveness.test(payloads)) return { trail };
  const tags = [
    verb === 'generating' ? 'SEND' : 'RECEIVED',
    ...(newsworthy.test(payloads) ? ['NOTIFY'] : []),
    exchanges[exchange] ?? exchange,
  ];
  const line: Line = { tags, message: `${kind} ${id} ${payloads}` };
  return verb === 'generating' ? { trail: { ...trail, unsent: line } } : { trail, line };
}

/** Both phases' proposals of ours, the way Azure's log writes proposals. */
export function proposalsText(tunnel: TunnelPlan | undefined): string | undefined {
  if (tunnel === undefined) return undefined;
  const { ike, esp } = tunnel;
  const mainMode = ike.initiates ? ike.offers : ike.accepts;
  const quickMode = ike.initiates ? esp.offers : esp.accepts;
  const policies = (words: readonly string[]): string => words.map((word, index) => `Policy${index + 1}:${word}`).join(' ');
  return `Proposals of ours: IKE ${policies(mainMode.map((one) => `Cipher=${one.encryption} Integrity=${one.integrity} DhGroup=${one.dhGroup}`))}; ESP ${policies(quickMode.map((one) => `Cipher=${one.encryption} Integrity=${one.integrity} PfsGroup=${one.pfsGroup}`))}`;
}
