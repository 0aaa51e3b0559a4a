/** One engine with one suite: every load after the other on a fresh topology. A load that fails leaves a gap, and its reason. */
import { loadavg } from 'node:os';
import { systemClock } from '@sallyport/runtime';
import type { Engine, Running, Suite } from './engines/engine.ts';
import { measureTcp } from './iperf.ts';
import type { TcpKind, TcpResult } from './iperf.ts';
import { measureLatency } from './latency.ts';
import type { Latency } from './latency.ts';
import { withProcessorTime } from './processor.ts';
import type { EndSeconds } from './processor.ts';
import type { RatePoint } from './statistics.ts';
import { Topology } from './topology.ts';
import { buildUdpLoad, measureRates, traffics } from './udp.ts';

export type Row = {
  readonly engine: string;
  readonly suite: string;
  /** Processes of this machine that wanted a core when the row began; other people's work shows here. */
  readonly load: number;
  readonly tcp: Partial<Readonly<Record<TcpKind, TcpResult>>>;
  /** Slowest and fastest of the single streams, in bits per second; `tcp.one` is the one between. */
  readonly oneRange?: readonly [number, number];
  /** Core-seconds per gigabit of one TCP stream, of the sending and the receiving gateway's engine process. */
  readonly cpu?: { readonly sender: number; readonly receiver: number };
  /** Microseconds of both engine processes per 64-byte packet that arrived, over all rates tried. */
  readonly smallCost?: number;
  readonly udp: Partial<Readonly<Record<keyof typeof traffics, readonly RatePoint[]>>>;
  readonly idle?: Latency;
  readonly loaded?: Latency;
  readonly failures: readonly string[];
};

export type MeasureOptions = { readonly seconds: number; readonly tell: (text: string) => void };
/** `main`: TCP with 1 and 4 streams, UDP and small packets; the rest says little new about a second suite of the same engine. */
export type Loads = 'all' | 'main';

/** Longer than the UDP points: TCP needs time to find its rate. */
const udpShare = 0.4;

export async function measureRow(engine: Engine, suite: Suite | undefined, loads: Loads, options: MeasureOptions): Promise<Row> {
  const failures: string[] = [];
  const load = loadavg()[0] ?? 0;
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
    options.tell(`${engine.name}${suite === undefined ? '' : `, ${suite.name}`}: ${what}`);
    try {
      return await work();
    } catch (error) {
      failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  await using topology = await Topology.build();
  const running = await engine.start(topology, suite);
  const program = await buildUdpLoad(topology.directory);

  const idle = await attempt('latency, idle', () => measureLatency(topology, options.seconds / 2));
  const [slowest, one, quickest] = (await attempt('TCP, 1 stream', () => measureSingles(topology, running.pids, options.seconds))) ?? [];
  const tcp: Partial<Record<TcpKind, TcpResult>> = one === undefined ? {} : { one: one.result };
  for (const kind of loads === 'all' ? (['four', 'reverse', 'both'] as const) : (['four'] as const)) {
    const result = await attempt(`TCP, ${tcpNames[kind]}`, () => measureTcp(topology, kind, options.seconds));
    if (result !== undefined) tcp[kind] = result;
  }
  const loaded =
    loads === 'all' ? await attempt('latency under a TCP stream', () => latencyUnderLoad(topology, options.seconds)) : undefined;
  let smallCost: number | undefined;
  const udp: Partial<Record<keyof typeof traffics, readonly RatePoint[]>> = {};
  for (const name of loads === 'all' ? (['udp1300', 'small', 'imix'] as const) : (['udp1300', 'small'] as const)) {
    const seconds = options.seconds * udpShare;
    const rates = await attempt(traffics[name].name, () =>
      withProcessorTime(running.pids, () => measureRates(topology, traffics[name], { program, seconds })),
    );
    if (rates === undefined) continue;
    udp[name] = rates.result;
    if (name === 'small' && rates.used !== undefined) smallCost = costPerPacket(rates.used, rates.result, seconds);
  }
  const gigabits = ((one?.result.bits ?? 0) / 1e9) * options.seconds;
  return {
    engine: engine.name,
    suite: suite?.name ?? '',
    load,
    tcp,
    ...(slowest === undefined || quickest === undefined ? {} : { oneRange: [slowest.result.bits, quickest.result.bits] as const }),
    ...(one?.used === undefined || gigabits === 0 ? {} : { cpu: { sender: one.used.a / gigabits, receiver: one.used.b / gigabits } }),
    ...(smallCost === undefined ? {} : { smallCost }),
    udp,
    ...(idle === undefined ? {} : { idle }),
    ...(loaded === undefined ? {} : { loaded }),
    failures,
  };
}

export const tcpNames: Readonly<Record<TcpKind, string>> = { one: '1 stream', four: '4 streams', reverse: 'reverse', both: 'both ways' };

function costPerPacket(used: EndSeconds, points: readonly RatePoint[], seconds: number): number | undefined {
  const delivered = points.reduce((sum, { deliveredPackets }) => sum + deliveredPackets * seconds, 0);
  return delivered === 0 ? undefined : ((used.a + used.b) * 1e6) / delivered;
}

type Single = Awaited<ReturnType<typeof withProcessorTime<TcpResult>>>;

/** Three, the slowest first: on which cores the scheduler puts the two gateways moves one stream more than other work does. */
async function measureSingles(topology: Topology, pids: Running['pids'], seconds: number): Promise<readonly Single[]> {
  const singles: Single[] = [];
  for (let round = 0; round < 3; round += 1) singles.push(await withProcessorTime(pids, () => measureTcp(topology, 'one', seconds)));
  return singles.toSorted((a, b) => a.result.bits - b.result.bits);
}

/** The stream begins half a second earlier, so that its first burst is not what is measured, and outlasts the pings. */
async function latencyUnderLoad(topology: Topology, seconds: number): Promise<Latency> {
  const stream = measureTcp(topology, 'one', seconds + 1);
  stream.catch(() => {}); // awaited below; until then the pings' failure would come first
  await systemClock.sleep(500);
  const latency = await measureLatency(topology, seconds / 2);
  await stream;
  return latency;
}
