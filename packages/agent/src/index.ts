/** The host agent: startAgent and cleanUp for programs, the engine contract for those who add an engine. */
export * from './agent.ts';
export * from './clean-up.ts';
export * from './engines/engine.ts';
export type { ControlLink } from './link/control-client.ts';
export type { IpsecChoice } from './reconcile/host-engines.ts';
