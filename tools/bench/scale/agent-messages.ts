/** What the benchmark and the process of its agent say to each other: agent-process.ts is that process, gateway.ts the benchmark's side. */
import type { HostPaths } from '@sallyport/agent';
import type { HostPlan } from '@sallyport/model';

/** Begins the agent; it ends with the channel. */
export type Begin = {
  readonly plan: HostPlan;
  readonly paths: HostPaths;
  /** Shared keys of the plan's tunnels, by the id of their secret. */
  readonly keys: Readonly<Record<string, string>>;
};

/** `ready`: the program is loaded. A report is told in short, so that reading it costs the benchmark nothing. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'report'; readonly appliedPlan: number; readonly connected: number; readonly bytes: number };
