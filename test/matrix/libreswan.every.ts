/** Every policy that Debian's libreswan has, on the Linux kernel's own ESP in a virtual machine, in both IKE versions, whoever begins. */
import { cellsOf } from './cells.ts';
import { LibreswanGuest } from './libreswan-guest.ts';
import { describeCells } from './suite.ts';

describeCells('libreswan', cellsOf('libreswan'), (gateway) => new LibreswanGuest(gateway));
