/**
 * Which of a connection's proposals a device can speak, and the one a script should use. A family names algorithms in its own
 * language by tables; what is in no table the device does not have. Pure.
 */
import type { EspProposal, IkeProposal, TunnelPlan } from '@sallyport/model';
import { isGcm } from '@sallyport/model';

/** By Azure's name: `AES256` to `aes-cbc-256`. */
export type Words = Readonly<Record<string, string>>;

export type Algorithms = {
  readonly ikeEncryption: Words;
  /** Integrity and PRF; with GCM the PRF alone. */
  readonly ikeIntegrity: Words;
  readonly ikeGroup: Words;
  readonly espEncryption: Words;
  readonly espIntegrity: Words;
  /** `None` needs no entry. */
  readonly pfsGroup: Words;
  /** For devices that take some of these only together. */
  readonly takesIke?: (proposal: IkeProposal) => boolean;
};

/** A connection's proposals in the words of a device. */
export type AlgorithmNames = {
  readonly ikeEncryption: string;
  readonly ikeIntegrity: string;
  readonly ikeGroup: string;
  readonly espEncryption: string;
  /** Absent with GCM, which is its own integrity. */
  readonly espIntegrity?: string;
  /** Absent without perfect forward secrecy. */
  readonly pfsGroup?: string;
};

type Proposals = { readonly ike: IkeProposal; readonly esp: EspProposal };

/**
 * What Microsoft recommends to makers of devices, the best first; the gateway's own order decides among the rest.
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-devices#ipsec
 */
const recommendedIke = [{ encryption: 'AES256', integrity: 'SHA256', dhGroup: 'DHGroup2' }];
const recommendedEsp = [
  { encryption: 'GCMAES256', integrity: 'GCMAES256', pfsGroup: 'None' },
  { encryption: 'AES256', integrity: 'SHA256', pfsGroup: 'None' },
];

/** One IKE and one ESP proposal both ends have, or what the device lacks, as `IKE proposal AES256 SHA256 DHGroup24`. */
export function chooseProposals(
  algorithms: Algorithms,
  tunnel: { readonly ike: Pick<TunnelPlan['ike'], 'offers' | 'accepts'>; readonly esp: Pick<TunnelPlan['esp'], 'offers' | 'accepts'> },
): Proposals | { readonly lacks: string } {
  const ike = pick(tunnel.ike, recommendedIke, (proposal) => ikeNames(algorithms, proposal) !== undefined);
  if (ike === undefined) return { lacks: `IKE proposal ${listed(tunnel.ike.accepts)}` };
  const esp = pick(tunnel.esp, recommendedEsp, (proposal) => espNames(algorithms, proposal) !== undefined);
  if (esp === undefined) return { lacks: `IPsec proposal ${listed(tunnel.esp.accepts)}` };
  return { ike, esp };
}

/** Prefers what the gateway both offers and accepts: it then does not matter who begins. */
function pick<P extends IkeProposal | EspProposal>(
  { offers, accepts }: { readonly offers: readonly P[]; readonly accepts: readonly P[] },
  recommended: readonly P[],
  isKnown: (proposal: P) => boolean,
): P | undefined {
  const common = accepts.filter((proposal) => offers.some((other) => isSame(proposal, other)));
  const possible = [...common, ...accepts, ...offers].filter(isKnown);
  const best = recommended.find((wanted) => possible.some((proposal) => isSame(proposal, wanted)));
  return possible.find((proposal) => best !== undefined && isSame(proposal, best)) ?? possible[0];
}

function isSame(a: IkeProposal | EspProposal, b: IkeProposal | EspProposal): boolean {
  return words(a) === words(b);
}

/** `AES256 SHA256 DHGroup2`. */
export function words(proposal: IkeProposal | EspProposal): string {
  return [proposal.encryption, proposal.integrity, 'dhGroup' in proposal ? proposal.dhGroup : `PFS ${proposal.pfsGroup}`].join(' ');
}

function listed(proposals: readonly (IkeProposal | EspProposal)[]): string {
  return proposals.map(words).join(', ');
}

/** @throws Error for proposals `chooseProposals` would not have chosen: a caller's mistake. */
export function namesOf(algorithms: Algorithms, { ike, esp }: Proposals): AlgorithmNames {
  const names = { ike: ikeNames(algorithms, ike), esp: espNames(algorithms, esp) };
  if (names.ike === undefined || names.esp === undefined) throw new Error(`the device does not know ${words(ike)} with ${words(esp)}`);
  return { ...names.ike, ...names.esp };
}

function ikeNames(algorithms: Algorithms, proposal: IkeProposal): Pick<AlgorithmNames, `ike${string}` & keyof AlgorithmNames> | undefined {
  const ikeEncryption = algorithms.ikeEncryption[proposal.encryption];
  const ikeIntegrity = algorithms.ikeIntegrity[proposal.integrity];
  const ikeGroup = algorithms.ikeGroup[proposal.dhGroup];
  if (ikeEncryption === undefined || ikeIntegrity === undefined || ikeGroup === undefined) return undefined;
  if (algorithms.takesIke?.(proposal) === false) return undefined;
  return { ikeEncryption, ikeIntegrity, ikeGroup };
}

function espNames(
  algorithms: Algorithms,
  proposal: EspProposal,
): Pick<AlgorithmNames, 'espEncryption' | 'espIntegrity' | 'pfsGroup'> | undefined {
  const espEncryption = algorithms.espEncryption[proposal.encryption];
  const espIntegrity = isGcm(proposal.encryption) ? '' : algorithms.espIntegrity[proposal.integrity];
  const pfsGroup = proposal.pfsGroup === 'None' ? '' : algorithms.pfsGroup[proposal.pfsGroup];
  if (espEncryption === undefined || espIntegrity === undefined || pfsGroup === undefined) return undefined;
  return { espEncryption, ...(espIntegrity === '' ? {} : { espIntegrity }), ...(pfsGroup === '' ? {} : { pfsGroup }) };
}

/** A table of groups by their IANA number, for both phases. Azure has two names for group 14. */
export function groups(name: (number: 1 | 2 | 14 | 19 | 20 | 24) => string | undefined): Pick<Algorithms, 'ikeGroup' | 'pfsGroup'> {
  const table = (rows: readonly (readonly [string, 1 | 2 | 14 | 19 | 20 | 24])[]): Words =>
    Object.fromEntries(
      rows.flatMap(([azure, number]) => {
        const word = name(number);
        return word === undefined ? [] : [[azure, word]];
      }),
    );
  return {
    ikeGroup: table([
      ['DHGroup1', 1],
      ['DHGroup2', 2],
      ['DHGroup14', 14],
      ['DHGroup2048', 14],
      ['DHGroup24', 24],
      ['ECP256', 19],
      ['ECP384', 20],
    ]),
    pfsGroup: table([
      ['PFS1', 1],
      ['PFS2', 2],
      ['PFS14', 14],
      ['PFS2048', 14],
      ['PFS24', 24],
      ['ECP256', 19],
      ['ECP384', 20],
    ]),
  };
}
