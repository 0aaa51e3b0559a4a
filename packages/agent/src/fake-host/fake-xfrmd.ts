/** xfrmd of the fake host: the simulated one of the protocol package, whose tunnels are interfaces of a fake namespace. */
import { join } from 'node:path';
import { FakeXfrmd, FakeXfrmdModel } from '@sallyport/protocols';
import type { FakeNamespace } from './fake-namespace.ts';

/** @param charonPid process id of the charon that is connected, if there is one. */
export function startFakeXfrmd(directory: string, namespace: FakeNamespace, charonPid: () => number | undefined): AsyncDisposable {
  const model = new NamespaceXfrmd(namespace, charonPid);
  const server = FakeXfrmd.start(join(directory, 'control.sock'), model);
  return {
    [Symbol.asyncDispose]: async () => {
      model.vanish();
      await (await server)[Symbol.asyncDispose]();
    },
  };
}

class NamespaceXfrmd extends FakeXfrmdModel {
  readonly #namespace: FakeNamespace;
  readonly #charonPid: () => number | undefined;

  constructor(namespace: FakeNamespace, charonPid: () => number | undefined) {
    super();
    this.#namespace = namespace;
    this.#charonPid = charonPid;
  }

  override call(method: string, params: unknown): unknown {
    const pid = this.#charonPid();
    if (pid === undefined) this.disconnectCharon();
    else this.connectCharon(pid);
    const before = [...this.tunnels.values()];
    const result = super.call(method, params);
    const planned = [...this.tunnels.values()];
    for (const { name } of before.filter((tunnel) => !planned.some((other) => other.name === tunnel.name))) this.#remove(name);
    if (method === 'createTunnel') for (const { name, mtu } of planned) this.#ensure(name, mtu);
    return result;
  }

  /** Interfaces of a process that ended are gone. */
  vanish(): void {
    for (const { name } of this.tunnels.values()) this.#remove(name);
    this.tunnels.clear();
  }

  #ensure(name: string, mtu: number): void {
    const link = this.#namespace.links.get(name) ?? this.#namespace.addLink({ name, kind: 'tun' });
    link.mtu = mtu;
    this.#namespace.setUp(name);
  }

  #remove(name: string): void {
    if (this.#namespace.links.has(name)) this.#namespace.deleteLink(name);
  }
}
