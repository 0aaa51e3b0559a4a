/** strongSwan's control protocol: codec, packets, connection, typed session, and a fake charon for tests and the demo. */
export * from './errors.ts';
export type { ViciInput, ViciInputItem, ViciItem, ViciMessage, ViciValue } from './codec.ts';
export { decodeMessage, EncodedMessage, encodeMessage } from './codec.ts';
export * from './connection.ts';
export * from './session.ts';
export * from './fake-charon.ts';
export * as viciRead from './read.ts';
