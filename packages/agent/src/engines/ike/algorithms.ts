/**
 * Azure's names for algorithms, weak ones too (VGW-PEER-008), to strongSwan's proposal words, and charon's names back. Pure tables. An unknown name is
 * passed on in lower case: charon then refuses the connection by that name, and the refusal is reported.
 * Azure: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-compliance-crypto
 * strongSwan: https://docs.strongswan.org/docs/5.9/config/proposals.html
 */
import type { EspProposal, IkeProposal } from '@sallyport/model';

const encryptions: Readonly<Record<string, string>> = {
  DES: 'des',
  DES3: '3des',
  AES128: 'aes128',
  AES192: 'aes192',
  AES256: 'aes256',
  GCMAES128: 'aes128gcm16',
  GCMAES192: 'aes192gcm16',
  GCMAES256: 'aes256gcm16',
};
const integrities: Readonly<Record<string, string>> = { MD5: 'md5', SHA1: 'sha1', SHA256: 'sha256', SHA384: 'sha384' };
/** PRF of an IKE proposal with GCM; Azure takes the integrity field for it. GCM there says no hash: the one of its strength. */
const prfs: Readonly<Record<string, string>> = {
  MD5: 'prfmd5',
  SHA1: 'prfsha1',
  SHA256: 'prfsha256',
  SHA384: 'prfsha384',
  GCMAES128: 'prfsha256',
  GCMAES256: 'prfsha384',
};
const groups: Readonly<Record<string, string>> = {
  DHGroup1: 'modp768',
  PFS1: 'modp768',
  DHGroup2: 'modp1024',
  PFS2: 'modp1024',
  DHGroup14: 'modp2048',
  DHGroup2048: 'modp2048',
  PFS14: 'modp2048',
  PFS2048: 'modp2048',
  DHGroup24: 'modp2048s256',
  PFS24: 'modp2048s256',
  ECP256: 'ecp256',
  ECP384: 'ecp384',
};
/** AES-GMAC, when a policy has integrity by GCM and no encryption. */
const gmacs: Readonly<Record<string, string>> = { GCMAES128: 'aes128gmac', GCMAES192: 'aes192gmac', GCMAES256: 'aes256gmac' };

/** `AES256/SHA1/DHGroup2` → `aes256-sha1-modp1024`. */
export function ikeProposal(proposal: IkeProposal): string {
  const isGcm = proposal.encryption.startsWith('GCM');
  const check = isGcm ? word(prfs, proposal.integrity) : word(integrities, proposal.integrity);
  return [word(encryptions, proposal.encryption), check, ...groupWord(proposal.dhGroup)].join('-');
}

/**
 * `AES256/SHA256/PFS2` → `aes256-sha256-modp1024`.
 * @param mainModeGroup stands for `PFSMM`, "the group of main mode".
 */
export function espProposal(proposal: EspProposal, mainModeGroup: string): string {
  const group = groupWord(proposal.pfsGroup === 'PFSMM' ? mainModeGroup : proposal.pfsGroup);
  const gmac = proposal.encryption === 'None' ? gmacs[proposal.integrity] : undefined;
  if (gmac !== undefined) return [gmac, ...group].join('-');
  if (proposal.encryption.startsWith('GCM')) return [word(encryptions, proposal.encryption), ...group].join('-');
  const encryption = proposal.encryption === 'None' ? 'null' : word(encryptions, proposal.encryption);
  return [encryption, word(integrities, proposal.integrity), ...group].join('-');
}

function groupWord(group: string): readonly string[] {
  return group === 'None' ? [] : [word(groups, group)];
}

function word(table: Readonly<Record<string, string>>, name: string): string {
  return table[name] ?? name.toLowerCase();
}

/** charon's `encr-alg` and `encr-keysize` as Azure's name: `AES_CBC`, `256` → `AES256`. */
export function azureEncryption(algorithm: string | undefined, keySize: string | undefined): string {
  if (algorithm === undefined || algorithm === 'NULL') return 'None';
  const size = keySize ?? '';
  if (algorithm === 'AES_CBC') return `AES${size}`;
  if (algorithm.startsWith('AES_GCM')) return `GCMAES${size}`;
  if (algorithm === '3DES_CBC') return 'DES3';
  if (algorithm === 'DES_CBC') return 'DES';
  return `${algorithm}${size}`;
}

/** With an AEAD cipher there is no `integ-alg`: Azure repeats the cipher for ESP and names the PRF's hash for IKE. */
export function azureIntegrity(algorithm: string | undefined, otherwise: string): string {
  if (algorithm === undefined) return otherwise;
  if (algorithm.includes('MD5')) return 'MD5';
  if (algorithm.includes('SHA1')) return 'SHA1';
  return /SHA2_(\d+)/.exec(algorithm)?.[1]?.replace(/^/, 'SHA') ?? algorithm;
}

const dhNames: Readonly<Record<string, readonly [ike: string, pfs: string]>> = {
  MODP_768: ['DHGroup1', 'PFS1'],
  MODP_1024: ['DHGroup2', 'PFS2'],
  MODP_2048: ['DHGroup14', 'PFS2048'],
  MODP_2048_256: ['DHGroup24', 'PFS24'],
  ECP_256: ['ECP256', 'ECP256'],
  ECP_384: ['ECP384', 'ECP384'],
};

export function azureDhGroup(group: string | undefined): string {
  return group === undefined ? 'None' : (dhNames[group]?.[0] ?? group);
}

export function azurePfsGroup(group: string | undefined): string {
  return group === undefined ? 'None' : (dhNames[group]?.[1] ?? group);
}

/** A proposal as charon logs it, in Azure's names: `IKE:AES_CBC_256/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024` → `AES256/SHA1/DHGroup2`. */
export function azureProposal(logged: string): string {
  const [protocol = '', words = ''] = logged.trim().split(':');
  const parts = words.split('/').filter((part) => part !== 'NO_EXT_SEQ' && part !== 'EXT_SEQ');
  const cipher = /^(.*?)(?:_(\d+))?$/.exec(parts[0] ?? '');
  const encryption = /^(AES_CBC|AES_GCM_\d+)_(\d+)$/.exec(parts[0] ?? '');
  const named = encryption === null ? azureEncryption(cipher?.[0], undefined) : azureEncryption(encryption[1], encryption[2]);
  const integrity = parts.slice(1).find((part) => part.startsWith('HMAC_'));
  const prf = parts.slice(1).find((part) => part.startsWith('PRF_'));
  const group = parts.find((part) => /^(MODP|ECP|CURVE)_/.test(part));
  const check = azureIntegrity(integrity ?? (protocol === 'IKE' ? prf : undefined), named);
  const last = protocol === 'IKE' ? azureDhGroup(group) : group === undefined ? undefined : azurePfsGroup(group);
  return [named, check, ...(last === undefined ? [] : [last])].join('/');
}
