/**
 * Which IKE messages reach charon. Pure. Whoever may send us packets may ask for an IKE SA, and each such request costs a Diffie-Hellman
 * exchange, log lines and an event, so requests are let through at a rate that charon answers with ease; what belongs to an SA that
 * exists is never held back for a configured peer. charon's own defences come after this: see ike/charon-settings.ts, docs/adr/0039.
 *
 * The offsets are those of the IKE header (RFC 7296 §3.1, the same in IKEv1) behind UDP's 8 bytes, and on port 4500 behind the non-ESP
 * marker (RFC 3948 §2.2) as well.
 */
import type { InstancePlan } from '@sallyport/model';
import type { NftChain, NftSet } from '@sallyport/protocols';

/** A hundred sites behind one address may all come back in one second, and again; one site sends one request a second at most. */
const [openingsPerSource, openingBurstPerSource] = [5, 200];
/** Of all addresses that no connection names: peers behind a NAT or known by host name, and everybody else. */
const [openingsOfStrangers, openingBurstOfStrangers] = [100, 200];
/** Messages for an SA from addresses that no connection names; a peer behind a NAT sends a few per minute. */
const [messagesOfStrangers, messageBurstOfStrangers] = [500, 1000];
/** Addresses whose rate is remembered for a minute: 2 MB at most. Sources beyond that count as strangers only. */
const rememberedSources = 16_384;

export const admissionSets: readonly NftSet[] = [
  { name: 'ike-sources', lines: ['type ipv4_addr', `size ${rememberedSources}`, 'flags dynamic, timeout', 'timeout 1m'] },
];

/** Rules of the input chain: all UDP for IKE and for ESP in UDP. @param match what makes a packet one for IKE: leg and addresses. */
export function admissionRules(match: string): readonly string[] {
  const to = `${match} udp dport`;
  return [
    // ESP in UDP has an SPI where IKE has its marker, and is by far the most packets; a keepalive has one byte.
    `${to} 4500 @th,64,32 0 jump ike-marked`,
    `${to} 4500 accept`,
    `${to} 500 jump ike`,
  ];
}

export function admissionChains({ tunnels }: InstancePlan): readonly NftChain[] {
  const peers = [...new Set(tunnels.map(({ ike }) => ike.remoteAddress))].filter((address) => /^[\d.]+$/.test(address)).toSorted();
  const fromPeer = peers.length === 0 ? [] : [`ip saddr { ${peers.join(', ')} } accept`];
  return [
    headerChain('ike', 64, fromPeer),
    headerChain('ike-marked', 96, fromPeer),
    {
      name: 'ike-opening',
      rules: [
        `add @ike-sources { ip saddr limit rate over ${openingsPerSource}/second burst ${openingBurstPerSource} packets } counter drop`,
        ...fromPeer,
        `limit rate over ${openingsOfStrangers}/second burst ${openingBurstOfStrangers} packets counter drop`,
        'accept',
      ],
    },
  ];
}

/** @param start of the IKE header, in bits from UDP's. */
function headerChain(name: string, start: number, fromPeer: readonly string[]): NftChain {
  const field = (byte: number, bits: number): string => `@th,${start + byte * 8},${bits}`;
  return {
    name,
    rules: [
      `${field(17, 8)} != { 0x10, 0x20 } counter drop comment "not IKE version 1.0 or 2.0"`,
      `${field(24, 16)} != 0 counter drop comment "longer than a packet can be"`,
      `${field(8, 64)} 0 jump ike-opening comment "responder's SPI is zero"`,
      ...fromPeer,
      `limit rate over ${messagesOfStrangers}/second burst ${messageBurstOfStrangers} packets counter drop`,
      'accept',
    ],
  };
}
