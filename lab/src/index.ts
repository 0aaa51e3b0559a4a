/** The lab: sites, clients and third-party devices around a running fabric, and the scenarios that use them. */
export * from './fabric.ts';
export * from './data-lock.ts';
export * from './lab-file.ts';
export * from './namespaces.ts';
export * from './sites.ts';
export * from './device.ts';
export * from './device-config.ts';
export * from './device-for-connection.ts';
export * from './machines.ts';
export * from './arm.ts';
export * from './sdk.ts';
export * from './scenario.ts';
export * from './run-scenario.ts';
export * from './expect-scenario.ts';
export * from './evidence.ts';
export * from './traffic.ts';
export * from './vm/index.ts';
