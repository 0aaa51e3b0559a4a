/**
 * What of a connection's protection can be broken. Azure allows it, so it works here too, and is told. DES, 3DES, MD5, no encryption and
 * group 1 always, whether a policy asks for them or a peer chose them from Azure's defaults; SHA-1 and group 2, which every default
 * connection may use, only where a policy asks for them. An SA that is still being negotiated has chosen nothing.
 */
import type { ConnectionObservation, IpsecPolicy } from '@sallyport/model';
import { isStanding } from '../resources/actions/ike-sas.ts';

export type Weakness = { readonly text: string; readonly remedy: string };

const broken: Readonly<Record<string, string>> = {
  DES: 'DES',
  DES3: '3DES',
  MD5: 'MD5',
  None: 'no encryption',
  DHGroup1: 'Diffie-Hellman group 1',
  PFS1: 'Diffie-Hellman group 1',
};
const dated: Readonly<Record<string, string>> = { SHA1: 'SHA-1', DHGroup2: 'Diffie-Hellman group 2', PFS2: 'Diffie-Hellman group 2' };

const remedy =
  'give both ends an IPsec policy without them, such as AES256, SHA256 and DHGroup14 for IKE and GCMAES256 with PFS2048 for IPsec';

export function weaknessOf(policy: IpsecPolicy | undefined, observations: readonly ConnectionObservation[]): Weakness | undefined {
  if (policy !== undefined) {
    const { ikeEncryption, ikeIntegrity, dhGroup, ipsecEncryption, ipsecIntegrity, pfsGroup } = policy;
    // PFS of None is no weakness of an algorithm: Azure's own default has it.
    const words = [ikeEncryption, ikeIntegrity, dhGroup, ipsecEncryption, ipsecIntegrity, ...(pfsGroup === 'None' ? [] : [pfsGroup])];
    return told('its policy asks for', words, { ...broken, ...dated });
  }
  const sas = observations.flatMap(({ ikeSas }) => ikeSas.filter(isStanding));
  const words = [
    ...sas.flatMap(({ encryption, integrity, dhGroup }) => [encryption, integrity, dhGroup]),
    ...sas
      .flatMap(({ childSas }) => childSas.filter(isStanding))
      .flatMap((child) => [child.encryption, child.integrity, ...(child.pfsGroup === 'None' ? [] : [child.pfsGroup])]),
  ];
  return told('its peer chose', words, broken);
}

function told(who: string, words: readonly string[], names: Readonly<Record<string, string>>): Weakness | undefined {
  const found = [...new Set(words.flatMap((word) => names[word] ?? []))];
  const [last] = found.slice(-1);
  if (last === undefined) return undefined;
  const list = found.length === 1 ? last : `${found.slice(0, -1).join(', ')} and ${last}`;
  return { text: `${who} ${list}, which can be broken today`, remedy };
}
