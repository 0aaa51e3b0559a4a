/** TCP throughput by iperf3: its options and its JSON report (`iperf3 -J`, version 3.12). */
import { systemClock, until } from '@sallyport/runtime';
import { hosts } from './topology.ts';
import type { Topology } from './topology.ts';

export type TcpKind = 'one' | 'four' | 'reverse' | 'both';
/** Bits per second that arrived; of `both` the sum of the two directions. */
export type TcpResult = { readonly bits: number; readonly backwardBits?: number; readonly retransmits: number };

const kindOptions: Readonly<Record<TcpKind, readonly string[]>> = { one: [], four: ['-P', '4'], reverse: ['-R'], both: ['--bidir'] };
/** Debian's default, whatever this machine's is: BBR paces by a model of the path, and two cores that all share are none it knows. */
const congestionControl = ['-C', 'cubic'];
/** Connecting, the server's results and a slow tunnel's last buffers. */
const marginMs = 15_000;

/** @throws Error when iperf3 reports one, or its report is of another shape. */
export function parseIperf(text: string): TcpResult {
  const report: unknown = JSON.parse(text);
  const failure = member(report, 'error');
  if (typeof failure === 'string') throw new Error(`iperf3: ${failure}`);
  const end = member(report, 'end');
  const forward = number(end, 'sum_received', 'bits_per_second');
  const retransmits = number(end, 'sum_sent', 'retransmits');
  if (member(end, 'sum_received_bidir_reverse') === undefined) return { bits: forward, retransmits };
  const backwardBits = number(end, 'sum_received_bidir_reverse', 'bits_per_second');
  return { bits: forward + backwardBits, backwardBits, retransmits: retransmits + number(end, 'sum_sent_bidir_reverse', 'retransmits') };
}

function number(end: unknown, sum: string, name: string): number {
  const value = member(member(end, sum), name);
  if (typeof value !== 'number') throw new Error(`iperf3's report has no number end.${sum}.${name}`);
  return value;
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;
}

/** From host a to host b (`reverse`: back). A server of its own each time: one that still closes the last test refuses the next. */
export async function measureTcp(topology: Topology, kind: TcpKind, seconds: number): Promise<TcpResult> {
  const server = 'iperf3-server';
  topology.start('host-b', server, ['iperf3', '-s', '-1', '-B', hosts.b]);
  try {
    await until(
      () => topology.exec('host-b', ['ss', '-Hltn', 'sport', '=', ':5201']),
      ({ stdout }) => stdout !== '',
      { because: 'iperf3 listens', clock: systemClock, timeoutMs: 5000 },
    );
    const client = ['iperf3', '-J', '-c', hosts.b, '-B', hosts.a, '-t', `${seconds}`, '--connect-timeout', '3000'];
    const argv = [...client, ...congestionControl, ...kindOptions[kind]];
    const { stdout } = await topology.exec('host-a', argv, { timeoutMs: seconds * 1000 + marginMs, okCodes: [0, 1] });
    return parseIperf(stdout);
  } finally {
    await topology.stop(server);
  }
}
