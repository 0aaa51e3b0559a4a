/** Captures of a simulated xfrmd: names, checks and codes of the real one; no files and no packets. */
import { XfrmdError } from './errors.ts';
import type { XfrmdCapture } from './protocol.ts';

const maxCaptures = 8;

export class FakeCaptures {
  readonly #running = new Map<string, XfrmdCapture>();
  readonly #used = new Set<string>();

  /** @throws XfrmdError */
  start(params: Readonly<Record<string, unknown>>): XfrmdCapture {
    const name = captureName(params);
    const { side, ifId } = params;
    if (side !== 'inner' && side !== 'outer') throw new XfrmdError('invalid-parameter', 'side must be inner or outer');
    if (this.#used.has(name)) throw new XfrmdError('conflict', `capture ${name}: File exists`);
    if (this.#running.size >= maxCaptures) throw new XfrmdError('system-error', `${maxCaptures} captures run already`);
    const tunnel = typeof ifId === 'number' ? { ifId } : {};
    const capture = {
      name,
      side,
      ...tunnel,
      paths: [`/run/xfrmd/captures/${name}.pcapng`],
      packets: 0,
      bytes: 0,
      dropped: 0,
      isFull: false,
    } as const;
    this.#running.set(name, capture);
    this.#used.add(name);
    return capture;
  }

  /** @throws XfrmdError */
  stop(params: Readonly<Record<string, unknown>>): XfrmdCapture {
    const name = captureName(params);
    const capture = this.#running.get(name);
    if (capture === undefined) throw new XfrmdError('not-found', `no capture ${name}`);
    this.#running.delete(name);
    return capture;
  }

  list(): readonly XfrmdCapture[] {
    return [...this.#running.values()];
  }
}

function captureName({ name }: Readonly<Record<string, unknown>>): string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(name))
    throw new XfrmdError('invalid-parameter', "name must be 1 to 64 letters, digits, '-' or '_'");
  return name;
}
