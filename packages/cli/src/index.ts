/** What programs around the CLI use of it: the all-in-one as a function. The program itself is main.ts. */
export { removeAll, runUp } from './running.ts';
export type { Running, UpOptions } from './running.ts';
export { systemPorts } from './system-ports.ts';
export { buildTunnel } from './tour.ts';
export type { Tour } from './tour.ts';
export { tableLines } from './table.ts';
export { commands } from './commands/all.ts';
