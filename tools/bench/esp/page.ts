/** docs/benchmarks-esp.md from the results of one run. Pure text; plots.ts draws. */
import type { Row } from './measure.ts';
import { findRow, lossLimit, ourRow, targets } from './results.ts';
import type { Results } from './results.ts';
import { fastest, fastestWithin, ratio } from './statistics.ts';
import type { RatePoint } from './statistics.ts';
import type { TcpResult } from './iperf.ts';
import type { Latency } from './latency.ts';
import { burst } from './tunnels.ts';
import type { TunnelPoint } from './tunnels.ts';

const none = '–';
const gigabits = (bits: number | undefined): string => (bits === undefined ? none : (bits / 1e9).toFixed(2));
const kilo = (packets: number | undefined): string => (packets === undefined ? none : (packets / 1e3).toFixed(0));
const times = (value: number | undefined): string => (value === undefined ? none : `${value.toFixed(1)}×`);
const single = ({ tcp: { one }, oneRange }: Row): string =>
  oneRange === undefined ? tcp(one) : `${tcp(one)} (${oneRange.map(gigabits).join('–')})`;
const tcp = (result: TcpResult | undefined): string => gigabits(result?.bits);
const latency = (found: Latency | undefined): string =>
  found === undefined
    ? none
    : `${found.p50?.toFixed(2) ?? none} / ${found.p99?.toFixed(2) ?? none}${found.lost > 0 ? ` (${found.lost} of ${found.sent} lost)` : ''}`;

export function renderPage(results: Results): string {
  const parts = [
    head(results),
    plots(),
    tcpTable(results.rows),
    udpTable(results.rows),
    costTable(results.rows),
    targetTable(results.rows),
    tunnelTable(results.tunnels),
    ikeTable(results),
    profileTable(results),
    gaps(results),
  ];
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`;
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)];
}

function name(row: Row): string {
  return row.suite === '' ? row.engine : `${row.engine}, ${row.suite}`;
}

function head(results: Results): readonly string[] {
  return [
    '# ESP engines, measured side by side',
    '',
    `\`${results.command}\` on ${results.date} wrote this page. Machine: ${results.machine}. TCP and UDP points of ${results.seconds} s and less.`,
    '',
    'host – gateway == veth == gateway – host, each a network namespace of this one machine: both gateways, both hosts and the load makers share its',
    'cores, and other work may run beside. **Read single figures as orders of magnitude, and compare within this run**: the ratios count. The engines',
    'run one after the other, so a burst of other work can hit one row and not the next; *load* is the machine’s load average when a row began.',
    'Inner MTU 1,400 everywhere. iperf3 makes TCP (CUBIC), `tools/bench/esp/udp-load.c` UDP, ping(8) measures latency.',
    '',
    ...results.engines.map(
      (engine) => `- **${engine.name}**: ${engine.what}.${engine.missing === undefined ? '' : ` *Not measured: ${engine.missing}.*`}`,
    ),
  ];
}

function plots(): readonly string[] {
  return ['![TCP throughput](benchmarks-esp-tcp.svg)', '', '![UDP offered and delivered](benchmarks-esp-udp.svg)'];
}

function tcpTable(rows: readonly Row[]): readonly string[] {
  const cells = rows.map((row) => {
    const peer = findRow(rows, 'kernel-libipsec', row.suite === '' ? 'AES-256-GCM' : row.suite);
    const toPeer = times(ratio(row.tcp.one?.bits, peer?.tcp.one?.bits));
    return [name(row), single(row), tcp(row.tcp.four), tcp(row.tcp.reverse), tcp(row.tcp.both), toPeer, row.load.toFixed(1)];
  });
  const header = ['Gbit/s', '1 stream', '4 streams', 'reverse', 'both ways, sum', '1 stream ÷ libipsec’s', 'load'];
  return [
    '## TCP',
    '',
    'One stream is measured three times: the median counts, slowest and fastest are behind it. On which cores the kernel puts the two gateways',
    'makes the difference ([where the time goes](architecture/dataplane.md#where-the-time-goes-and-what-was-tried)).',
    '',
    ...table(header, cells),
  ];
}

function udpTable(rows: readonly Row[]): readonly string[] {
  const pair = (points: readonly RatePoint[] | undefined, show: (point: RatePoint | undefined) => string): string =>
    points === undefined ? none : `${show(fastestWithin(points, lossLimit))} / ${show(fastest(points))}`;
  const bits = (point: RatePoint | undefined): string => gigabits(point?.deliveredBits);
  const packets = (point: RatePoint | undefined): string => kilo(point?.deliveredPackets);
  const cells = rows.map((row) => [
    name(row),
    pair(row.udp.udp1300, bits),
    pair(row.udp.small, packets),
    pair(row.udp.imix, packets),
    pair(row.udp.imix, bits),
  ]);
  return [
    '## UDP',
    '',
    'The fastest rate that lost less than 1 % / the most that ever came through. Rates rise until half is lost or the load maker can offer no more:',
    'where a tunnel equals *bare veth*, the load maker was the limit. Packets of 1,300 bytes leave the host in trains of 40, as UDP_SEGMENT makes them;',
    'small ones and IMIX one by one, as they come from a network card.',
    '',
    ...table(['', '1,300 bytes, Gbit/s', '64-byte packets, 1,000/s', 'IMIX, 1,000/s', 'IMIX, Gbit/s'], cells),
  ];
}

function costTable(rows: readonly Row[]): readonly string[] {
  const cells = rows.map((row) => [
    name(row),
    row.cpu === undefined ? none : `${row.cpu.sender.toFixed(2)} / ${row.cpu.receiver.toFixed(2)}`,
    row.smallCost === undefined ? none : row.smallCost.toFixed(1),
    latency(row.idle),
    latency(row.loaded),
  ]);
  return [
    '## Processor time and latency',
    '',
    'Core-seconds of the engine’s process per gigabit of one TCP stream, sending / receiving gateway (kernel work outside of the process is not in it).',
    'Microseconds of both processes per 64-byte packet that arrived, over all rates of the table above. Other work on the machine moves these costs less than it moves',
    'throughput.',
    'Round trips host to host in ms, p50 / p99, idle and beside one TCP stream.',
    '',
    ...table(['', 'core-seconds per Gbit', 'µs per 64-byte packet', 'idle, ms', 'loaded, ms'], cells),
  ];
}

function targetTable(rows: readonly Row[]): readonly string[] {
  const cells = targets(rows).map(({ what, wanted, measured, ceiling, unit }) => [
    what,
    wanted === undefined ? none : `${wanted} ${unit}`,
    measured === undefined ? none : `${measured.toFixed(1)} ${unit}`,
    verdict(wanted, measured, ceiling),
  ]);
  const ours = ourRow(rows);
  return ['## Targets', '', ...table([ours === undefined ? 'xfrmd' : name(ours), 'target', 'this run', ''], cells)];
}

function verdict(wanted: number | undefined, measured: number | undefined, ceiling: number | undefined): string {
  if (measured === undefined) return 'not measured';
  if (wanted === undefined) return '';
  if (measured >= wanted) return 'reached';
  if (ceiling !== undefined && ceiling < wanted) return `could not be asked: bare veth carried ${ceiling.toFixed(1)}`;
  return 'not reached in this run';
}

function tunnelTable(points: readonly TunnelPoint[]): readonly string[] {
  if (points.length === 0) return [];
  const cost = (found: TunnelPoint['inTurn']): string =>
    `${(found.sender / 1e3).toFixed(1)} / ${(found.receiver / 1e3).toFixed(1)}${found.loss >= lossLimit ? ` (${(found.loss * 100).toFixed(0)} % lost)` : ''}`;
  const cells = points.map((point) => [
    point.tunnels.toLocaleString('en'),
    point.interfacesMade.toFixed(0),
    point.pairsInstalled.toFixed(0),
    point.tunnels < 100 ? none : ((point.bytesPerInterface + point.bytesPerPair) / 1024).toFixed(1),
    cost(point.inBursts),
    cost(point.inTurn),
    point.bareWrite === undefined ? none : (point.bareWrite / 1e3).toFixed(1),
    gigabits(point.throughput?.deliveredBits),
  ]);
  const header = [
    'tunnels',
    'interfaces made/s',
    'SA pairs with policies/s',
    'KiB of xfrmd each',
    'in bursts, µs',
    'in turn, µs',
    'a TUN write, µs',
    'most delivered, Gbit/s',
  ];
  return [
    '## Many tunnels on one xfrmd',
    '',
    `Each an \`if_id\` with its TUN, two SAs and three policies (AES-256-GCM). Processor time of the sending / receiving xfrmd per 1,328-byte packet at one`,
    `rate for all, 40,000 packets/s: ${burst} packets to a tunnel before the next, and one packet per tunnel in turn, where nothing can be coalesced. Traffic goes`,
    'over all tunnels. *A TUN write* is the kernel’s part of receiving where each packet is a write of its own, measured without xfrmd: the same packets',
    'written one by one to as many other TUNs in turn. With few tunnels xfrmd finds packets to put together, and does better. Memory is the growth of the resident set; with few tunnels it is OpenSSL’s own, so it is shown from 100 on.',
    '',
    ...table(header, cells),
    '',
    '![Cost of a packet by number of tunnels](benchmarks-esp-tunnels.svg)',
  ];
}

function ikeTable(results: Results): readonly string[] {
  if (results.ike.length === 0) return [];
  const cells = results.ike.map((point) => [point.group, `${point.setUps}`, point.perSecond.toFixed(0)]);
  return [
    '## IKE set-ups',
    '',
    'Two charons on xfrmd, all tunnels asked for at once, shared keys; both ends’ work on this machine. Without the agent: its share is in [benchmarks](benchmarks.md).',
    '',
    ...table(['key exchange', 'set-ups', 'per second'], cells),
  ];
}

function profileTable(results: Results): readonly string[] {
  const { profile } = results;
  if (profile === undefined) return [];
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return [
    '## Where xfrmd’s time goes',
    '',
    `Both xfrmds under one TCP stream (${gigabits(profile.bits)} Gbit/s while perf samples, cpu-clock), AES-256-GCM. Kernel work that runs on xfrmd’s threads is in it.`,
    '',
    ...table(
      ['', 'share'],
      profile.groups.map((group) => [group.name, percent(group.share)]),
    ),
    '',
    `Largest single functions: ${profile.top.map(({ symbol, object, share }) => `\`${symbol}\` (${object}) ${percent(share)}`).join(', ')}.`,
  ];
}

function gaps(results: Results): readonly string[] {
  const failed = [...results.rows.flatMap((row) => row.failures.map((reason) => `${name(row)}, ${reason}`)), ...results.failures];
  const lines = [
    ...failed.map((reason) => `- Failed in this run: ${reason.replaceAll('\n', ' ')}`),
    '- The kernel’s own XFRM as a peer: this benchmark runs where the kernel has no ESP.',
    '- Network cards: everything here is veth, where segmentation costs nothing.',
  ];
  return ['## Not measured', '', ...lines];
}
