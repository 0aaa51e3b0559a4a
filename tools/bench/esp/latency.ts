/** Round-trip times by ping(8), a program that is not ours: every answer's time, not only its summary. */
import { hosts } from './topology.ts';
import type { Topology } from './topology.ts';
import { percentile } from './statistics.ts';

/** Milliseconds. `lost` of `sent`. */
export type Latency = { readonly p50: number | undefined; readonly p99: number | undefined; readonly sent: number; readonly lost: number };

const everySeconds = 0.004;

export function parsePing(text: string): Latency {
  const times = [...text.matchAll(/ time=([\d.]+) ms/g)].map((match) => Number(match[1]));
  const sent = Number(/(\d+) packets transmitted/.exec(text)?.[1] ?? 0);
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), sent, lost: sent - times.length };
}

export async function measureLatency(topology: Topology, seconds: number): Promise<Latency> {
  const argv = ['ping', '-n', '-i', `${everySeconds}`, '-c', `${Math.round(seconds / everySeconds)}`, '-W', '1', '-I', hosts.a, hosts.b];
  return parsePing((await topology.exec('host-a', argv, { okCodes: [0, 1], timeoutMs: seconds * 1000 + 20_000 })).stdout);
}
