/**
 * How an on-premises administrator would configure a device for one Azure connection: what the API tells of the connection, its
 * gateway and its key, turned into a device's settings. Azure's recommendation where the connection leaves it open:
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-devices
 */
import { parentId, parseResourceId } from '@sallyport/model';
import { member } from './arm.ts';
import type { ArmClient } from './arm.ts';
import type { DeviceConfig } from './device-config.ts';
import { LabError } from './fabric.ts';

export type ConnectionFacts = {
  readonly deviceConfig: DeviceConfig;
  /** The address the connection expects the site at; undefined when it is a host name. */
  readonly siteAddress: string | undefined;
  readonly sitePrefixes: readonly string[];
};

/** @throws LabError naming what of the connection is missing. */
export async function readConnection(arm: Pick<ArmClient, 'get'>, connectionId: string): Promise<ConnectionFacts> {
  if (parseResourceId(connectionId)?.types.join('/').toLowerCase() !== 'connections')
    throw new LabError(`'${connectionId}' is not the resource id of a connection, /subscriptions/…/Microsoft.Network/connections/NAME`);
  const connection = await existing(arm, connectionId, 'connection');
  const properties = member(connection, 'properties');
  const gateway = await existing(arm, idOf(properties, 'virtualNetworkGateway1'), 'virtual network gateway');
  const site = member(await existing(arm, idOf(properties, 'localNetworkGateway2'), 'local network gateway'), 'properties');
  const ipConfiguration = member(gateway, 'properties', 'ipConfigurations', 0, 'properties');
  const publicIp = await existing(arm, idOf(ipConfiguration, 'publicIPAddress'), 'public IP address');
  const vnet = await existing(arm, parentId(idOf(ipConfiguration, 'subnet')) ?? '', 'virtual network');
  const key = await existing(arm, `${connectionId}/sharedkey`, 'shared key');

  const remoteAddress = textOf(member(publicIp, 'properties', 'ipAddress'), 'address of the public IP address');
  const sitePrefixes = textsOf(member(site, 'localNetworkAddressSpace', 'addressPrefixes'));
  const vnetPrefixes = textsOf(member(vnet, 'properties', 'addressSpace', 'addressPrefixes'));
  const siteAddress = member(site, 'gatewayIpAddress');
  const ikeVersion = member(properties, 'connectionProtocol') === 'IKEv1' ? 1 : 2;
  const isPolicyBased = member(gateway, 'properties', 'vpnType') === 'PolicyBased';
  const perPair = ikeVersion === 1 || member(properties, 'usePolicyBasedTrafficSelectors') === true;
  return {
    siteAddress: typeof siteAddress === 'string' && siteAddress !== '' ? siteAddress : undefined,
    sitePrefixes,
    deviceConfig: {
      localAddress: typeof siteAddress === 'string' ? siteAddress : '',
      remoteAddress,
      ikeVersion,
      ...proposals(member(properties, 'ipsecPolicies', 0), isPolicyBased),
      sharedKey: textOf(member(key, 'value'), 'shared key'),
      selectors: perPair ? pairs(sitePrefixes, vnetPrefixes) : [{ local: sitePrefixes, remote: vnetPrefixes }],
      initiates: member(properties, 'connectionMode') === 'ResponderOnly',
    },
  };
}

/** IKEv1's quick mode and policy-based selectors know one prefix on each side. */
function pairs(local: readonly string[], remote: readonly string[]): DeviceConfig['selectors'] {
  return local.flatMap((ours) => remote.map((theirs) => ({ local: [ours], remote: [theirs] })));
}

/** A connection without a policy accepts Azure's defaults, of which these are the recommended; policy-based ones know no GCM. */
function proposals(policy: unknown, isPolicyBased: boolean): Pick<DeviceConfig, 'ikeProposals' | 'espProposals'> {
  if (policy === undefined || policy === null) {
    const ikeProposals = ['aes256-sha256-modp1024', 'aes256-sha1-modp1024'];
    return { ikeProposals, espProposals: [isPolicyBased ? 'aes256-sha256' : 'aes256gcm16'] };
  }
  const word = (name: string, table: Readonly<Record<string, string>>): string => {
    const value = String(member(policy, name));
    const found = table[value];
    if (found === undefined) throw new LabError(`the device does not know ${name} '${value}'`);
    return found;
  };
  const [ikeCipher, integrity] = [word('ikeEncryption', ciphers), word('ikeIntegrity', hashes)];
  const ike = [ikeCipher, ikeCipher.includes('gcm') ? `prf${integrity}` : integrity, word('dhGroup', groups)];
  const espCipher = word('ipsecEncryption', ciphers);
  const esp = [espCipher, ...(espCipher.includes('gcm') ? [] : [word('ipsecIntegrity', hashes)]), word('pfsGroup', groups)];
  return { ikeProposals: [joined(ike)], espProposals: [joined(esp)] };
}

function joined(words: readonly string[]): string {
  return words.filter((word) => word !== '').join('-');
}

const ciphers: Readonly<Record<string, string>> = {
  None: 'null',
  DES: 'des',
  DES3: '3des',
  AES128: 'aes128',
  AES192: 'aes192',
  AES256: 'aes256',
  GCMAES128: 'aes128gcm16',
  GCMAES192: 'aes192gcm16',
  GCMAES256: 'aes256gcm16',
};
/** GCM as an IKE integrity means a PRF of the key's strength. */
const hashes: Readonly<Record<string, string>> = {
  MD5: 'md5',
  SHA1: 'sha1',
  SHA256: 'sha256',
  SHA384: 'sha384',
  GCMAES128: 'sha256',
  GCMAES256: 'sha384',
};
const groups: Readonly<Record<string, string>> = {
  None: '',
  DHGroup1: 'modp768',
  DHGroup2: 'modp1024',
  DHGroup14: 'modp2048',
  DHGroup2048: 'modp2048',
  DHGroup24: 'modp2048s256',
  ECP256: 'ecp256',
  ECP384: 'ecp384',
  PFS1: 'modp768',
  PFS2: 'modp1024',
  PFS14: 'modp2048',
  PFS2048: 'modp2048',
  PFS24: 'modp2048s256',
};

async function existing(arm: Pick<ArmClient, 'get'>, id: string, what: string): Promise<unknown> {
  const resource = await arm.get(id);
  if (resource === undefined) throw new LabError(`there is no ${what} ${id}`);
  return resource;
}

function idOf(value: unknown, name: string): string {
  return textOf(member(value, name, 'id'), `${name} of the connection or its gateway`);
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw new LabError(`the API tells no ${what}`);
  return value;
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
