/** What a measured engine is: it joins the two gateways' networks with a tunnel, and says which processes carry the packets. */
import type { Topology } from '../topology.ts';

export type Suite = { readonly name: string; /** strongSwan's proposal keyword. */ readonly proposal: string };

export const gcm: Suite = { name: 'AES-256-GCM', proposal: 'aes256gcm16' };
export const suites: readonly Suite[] = [
  gcm,
  { name: 'AES-128-CBC, SHA1', proposal: 'aes128-sha1' },
  { name: 'AES-256-CBC, SHA256', proposal: 'aes256-sha256' },
];

export type Running = {
  /** The process that carries packets on each gateway; undefined: the kernel alone. */
  readonly pids: { readonly a: number; readonly b: number } | undefined;
};

export type Engine = {
  readonly name: string;
  /** What it is, for the page. */
  readonly what: string;
  /** `undefined` in the list: no choice of cipher. */
  readonly suites: readonly (Suite | undefined)[];
  /** Why it can not be measured here; undefined when it can. */
  readonly missing?: () => string | undefined;
  /** Everything it starts ends with the topology, which is its alone. */
  readonly start: (topology: Topology, suite: Suite | undefined) => Promise<Running>;
};
