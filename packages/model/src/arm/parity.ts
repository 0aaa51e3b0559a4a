/**
 * Every rule of Azure's that we know of, and how we stand to it: the honest measure of "the same". `docs/azure-parity.md`
 * is printed from it, and a test holds that each implemented row has code and a test that name its id.
 */
import { connectionParity } from './parity/connections.ts';
import { gatewayParity } from './parity/gateways.ts';
import { generalParity } from './parity/general.ts';
import { networkParity } from './parity/networks.ts';
import { peerParity } from './parity/peers.ts';
import { securityParity } from './parity/security.ts';
import type { ParityRow } from './parity/row.ts';

export type { ParityRow, ParityStatus } from './parity/row.ts';

export const paritySections: readonly { readonly title: string; readonly rows: readonly ParityRow[] }[] = [
  { title: 'Every resource', rows: generalParity },
  { title: 'Networks, addresses, interfaces', rows: networkParity },
  { title: 'Gateways and sites', rows: gatewayParity },
  { title: 'Connections', rows: connectionParity },
  { title: 'IKE and IPsec', rows: securityParity },
  { title: 'Peers', rows: peerParity },
];

export const parityRows: readonly ParityRow[] = paritySections.flatMap((section) => section.rows);
