/** UDP at given rates by udp-load.c: fixed sizes and mixes, one or many destinations, every packet counted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock, systemCommands, until } from '@sallyport/runtime';
import type { RatePoint } from './statistics.ts';
import type { Topology } from './topology.ts';
import { hosts } from './topology.ts';

export const port = 7000;
/** Seconds the receiver waits for the first packet: a tunnel that passes none is measured as such. */
const patience = 5;

export type Traffic = {
  readonly name: string;
  /** Bytes of the inner IP packets, repeated in this order. */
  readonly sizes: readonly number[];
  /** Packets per second. */
  readonly rates: readonly number[];
  /** Packets of one size to one address that leave in one call, as UDP_SEGMENT makes them; 1: one by one, as from a network card. */
  readonly train: number;
};

export type Count = { readonly packets: number; readonly bytes: number; readonly seconds: number };

const headerBytes = 28;
export const payload1300 = 1300;
const gigabit = 1e9;
const packetsFor = (gigabits: number): number => Math.round((gigabits * gigabit) / 8 / payload1300);

export const traffics: Readonly<Record<'udp1300' | 'small' | 'imix', Traffic>> = {
  /** In trains: one by one the load maker itself ends at 1.3 Gbit/s. */
  udp1300: {
    name: 'UDP, 1,300-byte payload',
    sizes: [payload1300 + headerBytes],
    rates: [0.25, 0.5, 1, 1.5, 2, 3, 4, 5].map(packetsFor),
    train: 40,
  },
  small: { name: '64-byte packets', sizes: [64], rates: [25e3, 50e3, 100e3, 200e3, 300e3, 450e3, 600e3], train: 1 },
  /** 7 : 4 : 1 as in the simple IMIX; its 1,500 bytes are the 1,400 that fit the tunnel, 347 on average. */
  imix: {
    name: 'IMIX',
    sizes: [64, 594, 64, 64, 594, 64, 594, 64, 64, 594, 64, 1400],
    rates: [25e3, 50e3, 100e3, 200e3, 300e3, 450e3],
    train: 1,
  },
};

/** Builds udp-load into the directory; gives its path. */
export function buildUdpLoad(directory: string): Promise<string> {
  return buildProgram('udp-load', directory);
}

/** Of a C file beside this one. */
export async function buildProgram(name: string, directory: string): Promise<string> {
  const program = join(directory, name);
  await systemCommands.run(['cc', '-O2', '-Wall', '-Wextra', '-o', program, join(import.meta.dirname, `${name}.c`)]);
  return program;
}

export function parseCount(line: string): Count {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null) throw new Error(`udp-load said: ${line}`);
  const fields = new Map<string, unknown>(Object.entries(value));
  const number = (name: string): number => {
    const found = fields.get(name);
    if (typeof found !== 'number') throw new Error(`udp-load said no ${name}: ${line}`);
    return found;
  };
  return { packets: number('packets'), bytes: number('bytes'), seconds: number('seconds') };
}

export function ratePoint(sent: Count, received: Count): RatePoint {
  return {
    offeredPackets: sent.packets / sent.seconds,
    deliveredPackets: received.packets / sent.seconds,
    offeredBits: (sent.bytes * 8) / sent.seconds,
    deliveredBits: (received.bytes * 8) / sent.seconds,
    loss: sent.packets === 0 ? 0 : Math.max(0, 1 - received.packets / sent.packets),
  };
}

export type UdpOptions = {
  readonly program: string;
  readonly sizes: readonly number[];
  readonly rate: number;
  readonly seconds: number;
  /** First of `targets` consecutive addresses; default host b alone. */
  readonly first?: string;
  readonly targets?: number;
  /** Packets to one address before the next; default 1. */
  readonly burst?: number;
  /** As a traffic's; default 1. */
  readonly train?: number;
};

export async function measureUdp(topology: Topology, options: UdpOptions): Promise<RatePoint> {
  const words = [
    options.first ?? hosts.b,
    port,
    options.seconds,
    options.rate,
    options.sizes.join(','),
    options.targets ?? 1,
    options.burst ?? 1,
    options.train ?? 1,
  ];
  const { result, received } = await whileReceiving(topology, options, () =>
    topology.exec('host-a', [options.program, 'send', ...words.map(String)]),
  );
  return ratePoint(parseCount(result.stdout), received);
}

/** Counts at host b what `send` makes arrive there. */
export async function whileReceiving<T>(
  topology: Topology,
  options: Pick<UdpOptions, 'program' | 'seconds'>,
  send: () => Promise<T>,
): Promise<{ readonly result: T; readonly received: Count }> {
  const name = `udp-receive-${performance.now()}`;
  topology.start('host-b', name, [options.program, 'receive', `${port}`, `${options.seconds + patience}`]);
  const log = join(topology.directory, `${name}.log`);
  const wait = (because: string, isDone: (text: string) => boolean): Promise<string> =>
    until(() => readFileSync(log, 'utf8'), isDone, { because, clock: systemClock, timeoutMs: (options.seconds + patience + 5) * 1000 });
  await wait('udp-load listens', (text) => text.startsWith('ready\n'));
  const result = await send();
  const text = await wait('udp-load counted', (seen) => seen.endsWith('}\n'));
  await topology.stop(name);
  return { result, received: parseCount(text.slice('ready\n'.length)) };
}

/** Rates from low to high, until less than half comes through, or the load maker itself can not offer more than before. */
export async function measureRates(
  topology: Topology,
  traffic: Traffic,
  options: Omit<UdpOptions, 'sizes' | 'rate' | 'train'>,
): Promise<readonly RatePoint[]> {
  const points: RatePoint[] = [];
  for (const rate of traffic.rates) {
    const point = await measureUdp(topology, { ...options, sizes: traffic.sizes, train: traffic.train, rate });
    const isSlower = points.some(({ offeredPackets }) => offeredPackets > point.offeredPackets);
    points.push(point);
    if (point.loss > 0.5 || (isSlower && point.offeredPackets < rate / 2)) break;
  }
  return points;
}
