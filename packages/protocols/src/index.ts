/** @packageDocumentation */
export * from './iproute/reading.ts';
export * from './iproute/batch.ts';
export * from './iproute/identity.ts';
export * from './nft/table.ts';
export * from './vici/index.ts';
export * from './xfrmd/index.ts';
