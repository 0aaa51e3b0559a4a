/**
 * Somebody on the public network who means no good: a namespace with many addresses that belong to nobody's connection, from which IKE
 * packets of every shape are sent (ike-flood.ts) and Debian's ike-scan asks in IKEv1 main and aggressive mode and in IKEv2.
 * Wrong keys are the crowd's part (crowd.ts). Bounded in rate and in time; stays in the lab's namespaces.
 */
import { join } from 'node:path';
import type { CrowdFabric } from './crowd.ts';
import type { DevicePorts } from './device.ts';
import { addressNumber, pools, routerOf } from './lab-file.ts';
import { addNamespace, attachTo, inside, ipBatch, namespaceOf, removeNamespace, removeLink } from './namespaces.ts';

const link = 901;
const firstAddress = 101;

export class Attackers implements AsyncDisposable {
  readonly #ports: DevicePorts;
  readonly #fabric: CrowdFabric;
  readonly #namespace: string;
  readonly #target: string;

  private constructor(ports: DevicePorts, fabric: CrowdFabric, target: string) {
    this.#ports = ports;
    this.#fabric = fabric;
    this.#namespace = namespaceOf(fabric, 'attackers');
    this.#target = target;
  }

  /** @param count addresses, 150 at most. @param target the gateway's public address. */
  static async start(ports: DevicePorts, fabric: CrowdFabric, count: number, target: string): Promise<Attackers> {
    const attackers = new Attackers(ports, fabric, target);
    const addresses = Array.from({ length: count }, (_, index) => addressNumber(pools.client, firstAddress + index));
    const namespace = attackers.#namespace;
    await addNamespace(ports, namespace, { forwards: false });
    await attachTo(ports, namespaceOf(fabric, 'public'), { namespace, link, address: addresses[0] ?? '', router: routerOf('client') });
    const routes = addresses.map((address) => ['route', 'replace', `${address}/32`, 'dev', `s${link}`]);
    await ipBatch(ports, namespaceOf(fabric, 'public'), routes);
    await ipBatch(
      ports,
      namespace,
      addresses.map((address) => ['address', 'replace', `${address}/32`, 'dev', 'public']),
    );
    return attackers;
  }

  /** @returns how many packets were sent. */
  async flood(perSecond: number, seconds: number): Promise<number> {
    const program = join(import.meta.dirname, 'ike-flood.ts');
    const argv = inside(this.#namespace, [process.execPath, program, this.#target, `${perSecond}`, `${seconds}`]);
    return Number((await this.#ports.run(argv, { timeoutMs: (seconds + 60) * 1000 })).stdout);
  }

  /** What ike-scan was told, by what it asked for: `main`, `aggressive`, `ikev2`. */
  async scan(): Promise<Readonly<Record<'main' | 'aggressive' | 'ikev2', string>>> {
    const ask = async (...options: readonly string[]): Promise<string> => {
      const argv = ['ike-scan', '--nodns', '--sport=0', '--retry=3', '--timeout=1000', '--multiline', ...options, this.#target];
      return (await this.#ports.run(inside(this.#namespace, argv), { timeoutMs: 60_000 })).stdout;
    };
    return {
      main: await ask(),
      aggressive: await ask('--aggressive', '--id=somebody', '--dhgroup=2'),
      ikev2: await ask('--ikev2'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeLink(this.#ports, namespaceOf(this.#fabric, 'public'), link);
    await removeNamespace(this.#ports, this.#namespace);
  }
}
