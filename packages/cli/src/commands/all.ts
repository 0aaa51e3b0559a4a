/** Every subcommand by name, in the order of the help. */
import type { Command } from '../command.ts';

/** Loaded when asked for: `lab exec` must not wait for a server it does not start. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  up: async () => (await import('./up.ts')).up,
  status: async () => (await import('./status.ts')).status,
  history: async () => (await import('./history.ts')).history,
  certificate: async () => (await import('./certificate.ts')).certificate,
  lab: async () => (await import('./lab.ts')).lab,
  plan: async () => (await import('./plan.ts')).planCommand,
  doctor: async () => (await import('./doctor.ts')).doctor,
  'clean-up': async () => (await import('./clean-up.ts')).cleanUpCommand,
  start: async () => (await import('./start.ts')).start,
  demo: async () => (await import('./demo.ts')).demo,
  'control-plane': async () => (await import('./control-plane.ts')).controlPlane,
  agent: async () => (await import('./agent.ts')).agent,
};
