/** The IPsec/IKE policy object of connections and VPN clients. All eight members are mandatory: a partial policy is refused. */
import { z } from 'zod';
import { dhGroups, ikeEncryptions, ikeIntegrities, ipsecEncryptions, ipsecIntegrities, pfsGroups } from '../algorithms.ts';
import { integer, oneOf, type DeepReadonly } from './fields.ts';

export const ipsecPolicy = z.object({
  saLifeTimeSeconds: integer,
  saDataSizeKilobytes: integer,
  ipsecEncryption: oneOf('IpsecEncryption', ipsecEncryptions),
  ipsecIntegrity: oneOf('IpsecIntegrity', ipsecIntegrities),
  ikeEncryption: oneOf('IkeEncryption', ikeEncryptions),
  ikeIntegrity: oneOf('IkeIntegrity', ikeIntegrities),
  dhGroup: oneOf('DhGroup', dhGroups),
  pfsGroup: oneOf('PfsGroup', pfsGroups),
});

export type IpsecPolicy = DeepReadonly<z.output<typeof ipsecPolicy>>;
