/** xfrmd's control socket. Start at README.md. */
export * from './errors.ts';
export * from './protocol.ts';
export * from './client.ts';
export * from './fake-model.ts';
export * from './fake-server.ts';
