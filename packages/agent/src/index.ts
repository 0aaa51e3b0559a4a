/** The host agent: startAgent and cleanUp for programs, the engine contract for those who add an engine. */
export { startAgent, startAgentWith } from './agent.ts';
export type { Agent, AgentOptions, AgentPorts, AgentStatus } from './agent.ts';
export * from './clean-up.ts';
export * from './engines/engine.ts';
export { readStoredHistories } from './engines/ike/read-history.ts';
export type { TunnelHistory } from './engines/ike/read-history.ts';
export type { ControlLink } from './link/control-client.ts';
export type { IpsecChoice } from './reconcile/host-engines.ts';
export { FakeHost } from './fake-host/fake-host.ts';
export type { FakeHostOptions } from './fake-host/fake-host.ts';
export type { ControlClient } from './link/control-client.ts';
export { charonSettings } from './engines/ike/charon-settings.ts';
export { charonFiles } from './engines/ike/charon.ts';
export { testPaths } from './test-paths.ts';
export { renderConnection } from './engines/ike/render.ts';
