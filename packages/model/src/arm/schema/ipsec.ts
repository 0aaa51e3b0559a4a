/** The IPsec/IKE policy object of connections and VPN clients. VGW-IPSEC-010: all eight members are mandatory, a partial policy is refused. */
import { z } from 'zod';
import {
  dhGroups,
  ikeEncryptions,
  ikeIntegrities,
  ipsecEncryptions,
  ipsecIntegrities,
  ipsecPolicyLimits,
  pfsGroups,
} from '../algorithms.ts';
import { integer, oneOf, type DeepReadonly } from './fields.ts';

/** VGW-IPSEC-011: 0 is the default. */
const or = (standard: number) => integer.transform((value) => (value === 0 ? standard : value));

export const ipsecPolicy = z.object({
  saLifeTimeSeconds: or(ipsecPolicyLimits.defaultLifetime),
  saDataSizeKilobytes: or(ipsecPolicyLimits.defaultKilobytes),
  ipsecEncryption: oneOf('IpsecEncryption', ipsecEncryptions),
  ipsecIntegrity: oneOf('IpsecIntegrity', ipsecIntegrities),
  ikeEncryption: oneOf('IkeEncryption', ikeEncryptions),
  ikeIntegrity: oneOf('IkeIntegrity', ikeIntegrities),
  dhGroup: oneOf('DhGroup', dhGroups),
  pfsGroup: oneOf('PfsGroup', pfsGroups),
});

export type IpsecPolicy = DeepReadonly<z.output<typeof ipsecPolicy>>;
