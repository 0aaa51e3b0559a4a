/**
 * The IKE engine: one unmodified charon per gateway instance, driven connection by connection over VICI. It knows tunnels:
 * connections' status, counters and reasons come from here. Follow a connection: render.ts → desired.ts → diff.ts → apply.ts →
 * supervise.ts → observe.ts → reasons.ts → view.ts; charon itself is charon.ts, and instance.ts holds them together, in three sides: what is
 * applied, what is watched, what is told (instance-*.ts).
 */
import type { EngineContext, InstanceEngine } from '../engine.ts';
import { IkeInstance, type InstanceOptions } from './instance.ts';
import { resolveByHost } from './name-servers.ts';
import type { Resolve } from './peer-address.ts';
import type { XfrmVariant } from './render.ts';
import { removeTraces } from './traces.ts';

export type IkeEngineOptions = {
  readonly variant: XfrmVariant;
  /** Environment that makes an instance's charon use its xfrmd; not for the kernel. */
  readonly xfrm?: { readonly env: (namespace: string) => Readonly<Record<string, string>> };
  /** Default: the host's resolver. */
  readonly resolve?: Resolve;
};

/** Disposing lets go of every charon and leaves them all running. */
export function createIkeEngine(context: EngineContext, options: IkeEngineOptions): InstanceEngine & AsyncDisposable {
  const instances = new Map<string, IkeInstance>();
  const instanceOptions: InstanceOptions = {
    variant: options.variant,
    environment: options.xfrm?.env ?? (() => ({})),
    resolve: options.resolve ?? resolveByHost,
  };
  const instanceOf = (namespace: string): IkeInstance => {
    const known = instances.get(namespace) ?? new IkeInstance(context, instanceOptions, namespace);
    instances.set(namespace, known);
    return known;
  };
  return {
    name: 'ike',
    reconcile: (instance) => instanceOf(instance.namespace).reconcile(instance),
    observe: (instance) => instanceOf(instance.namespace).observe(instance),
    remove: async (namespace) => {
      const known = instances.get(namespace);
      instances.delete(namespace);
      await (known === undefined ? removeTraces(context, namespace) : known.remove());
    },
    [Symbol.asyncDispose]: async () => {
      const all = [...instances.values()];
      instances.clear();
      await Promise.all(all.map((instance) => instance[Symbol.asyncDispose]()));
    },
  };
}
