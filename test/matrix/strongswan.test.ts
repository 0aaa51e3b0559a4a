/** Each class of policies once with stock strongSwan, with every pair of IKE version and beginner among them. The whole product: strongswan.every.ts. */
import { cellsOf, sampleOf } from './cells.ts';
import { strongswanPeers } from './strongswan-peers.ts';
import { describeCells } from './suite.ts';

describeCells('strongswan', sampleOf(cellsOf('strongswan')), strongswanPeers);
