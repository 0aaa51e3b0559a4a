/** The ARM server: sign-in, resources, operations, planning, agent link. The command line calls `startControlPlane`. */
export * from './control-plane.ts';
export { SettingsError, parseSettings } from './settings.ts';
export type { Listen, Settings, SettingsInput } from './settings.ts';
export { StoreError } from './store/store.ts';
export type { ClientFile } from './client-file.ts';
export { startFakeAgent } from './agents/fake-agent.ts';
export type { FakeAgent, FakeAgentOptions } from './agents/fake-agent.ts';
export type { ConnectionStatusLine, HostStatus, StatusReport } from './status/status-report.ts';
export type { Condition } from './status/conditions.ts';
