/** Every policy that Debian's libreswan has, on the Linux kernel's own ESP in a virtual machine, in both IKE versions, whoever begins. */
import { cellsOf, chosenOf } from './cells.ts';
import { LibreswanGuest } from './libreswan-guest.ts';
import { describeCells } from './suite.ts';

describeCells('libreswan', chosenOf(cellsOf('libreswan'), process.env['SALLYPORT_MATRIX_CELLS']), (gateway) => new LibreswanGuest(gateway));
