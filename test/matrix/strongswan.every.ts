/** Every policy with stock strongSwan, in both IKE versions, whoever begins: as many connections on one gateway at once. */
import { cellsOf, chosenOf } from './cells.ts';
import { strongswanPeers } from './strongswan-peers.ts';
import { describeCells } from './suite.ts';

describeCells('strongswan', chosenOf(cellsOf('strongswan'), process.env['SALLYPORT_MATRIX_CELLS']), strongswanPeers);
