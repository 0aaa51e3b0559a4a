/**
 * Many tunnels on one xfrmd, each an `if_id` with its own TUN, SAs and policies. TUNs by the control socket, SAs and policies by
 * iproute2's `ip xfrm` through the shim (one `ip -batch`), traffic from host a to as many addresses as there are tunnels.
 */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@sallyport/runtime';
import { shimEnvironment, startXfrmdGateway } from './engines/xfrmd.ts';
import type { XfrmdGateway } from './engines/xfrmd.ts';
import type { MeasureOptions } from './measure.ts';
import { residentBytes, withProcessorTime } from './processor.ts';
import type { RatePoint } from './statistics.ts';
import { fastest } from './statistics.ts';
import { Topology, ends, hosts, innerMtu, outer } from './topology.ts';
import type { End } from './topology.ts';
import { buildProgram, buildUdpLoad, measureRates, measureUdp, parseCount, port, traffics, whileReceiving } from './udp.ts';

export type TunnelPoint = {
  readonly tunnels: number;
  /** Per second, on one xfrmd. */
  readonly interfacesMade: number;
  readonly pairsInstalled: number;
  /** Growth of xfrmd's resident memory, bytes, by the interface and by its two SAs and three policies. */
  readonly bytesPerInterface: number;
  readonly bytesPerPair: number;
  /** Traffic in bursts of `burst` per tunnel, and one packet per tunnel in turn. */
  readonly inBursts: Cost;
  readonly inTurn: Cost;
  /** Nanoseconds of one write to each of so many TUNs in turn, by a program that does nothing else; undefined when packets were lost. */
  readonly bareWrite: number | undefined;
  readonly throughput: RatePoint | undefined;
};
/** Nanoseconds of each xfrmd's processor time per 1,328-byte packet, at a rate both carry. */
export type Cost = { readonly sender: number; readonly receiver: number; readonly loss: number };

export const tunnelCounts: readonly number[] = [1, 10, 100, 1000];
export const burst = 32;
const costRate = 40_000;
const innerPrefix = '10.64.0.0/16';
const firstAddress = '10.64.0.0';
const [spisAtoB, spisBtoA] = [0x10000, 0x20000];

type Pair = { readonly number: number; readonly address: string; readonly keys: Readonly<Record<End, string>> };

function makePairs(count: number): readonly Pair[] {
  const key = (): string => `0x${randomBytes(36).toString('hex')}`; // 256 bits and RFC 4106's salt
  return Array.from({ length: count }, (_, number) => ({
    number,
    address: `10.64.${number >> 8}.${number & 255}`,
    keys: { a: key(), b: key() },
  }));
}

/** Lines for `ip -batch`: what charon would install for an any-to-any child of this if_id. */
export function renderPair(end: End, pair: Pair): readonly string[] {
  const ifId = pair.number + 1;
  const state = (from: End, to: End, spi: number): string =>
    `xfrm state add src ${outer[from]} dst ${outer[to]} proto esp spi 0x${(spi + pair.number).toString(16)} reqid ${ifId} mode tunnel ` +
    `replay-window 32 aead rfc4106(gcm(aes)) ${pair.keys[from]} 128 encap espinudp 4500 4500 0.0.0.0 if_id ${ifId}`;
  const policy = (direction: 'in' | 'fwd' | 'out', from: End, to: End, spi: string): string =>
    `xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir ${direction} priority 1000 if_id ${ifId} ` +
    `tmpl src ${outer[from]} dst ${outer[to]} proto esp ${spi}reqid ${ifId} mode tunnel`;
  const other = end === 'a' ? 'b' : 'a';
  const outbound = `spi 0x${((end === 'a' ? spisAtoB : spisBtoA) + pair.number).toString(16)} `;
  return [
    state('a', 'b', spisAtoB),
    state('b', 'a', spisBtoA),
    policy('out', end, other, outbound),
    policy('in', other, end, ''),
    policy('fwd', other, end, ''),
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = systemClock.monotonic();
  await work();
  return (systemClock.monotonic() - began) / 1000;
}

async function installPairs(topology: Topology, end: End, pairs: readonly Pair[]): Promise<void> {
  const file = join(topology.directory, `pairs-${end}`);
  writeFileSync(file, `${pairs.flatMap((pair) => renderPair(end, pair)).join('\n')}\n`, { mode: 0o600 });
  await topology.exec(`gw-${end}`, ['ip', '-batch', file], { env: shimEnvironment(topology, end), timeoutMs: 60_000 });
}

async function makeInterfaces(gateway: XfrmdGateway, count: number): Promise<void> {
  for (let ifId = 1; ifId <= count; ifId += 1) await gateway.client.createTunnel({ ifId, name: `t${ifId}`, mtu: innerMtu });
}

async function measureCost(
  pids: { readonly a: number; readonly b: number },
  work: () => Promise<RatePoint>,
  seconds: number,
): Promise<Cost> {
  const { result, used } = await withProcessorTime(pids, work);
  const packets = result.offeredPackets * seconds;
  const arrived = result.deliveredPackets * seconds;
  return { sender: ((used?.a ?? 0) * 1e9) / packets, receiver: ((used?.b ?? 0) * 1e9) / Math.max(1, arrived), loss: result.loss };
}

/** The kernel's part of receiving in turn: on gateway b, into TUNs of their own. */
async function measureBareWrites(topology: Topology, program: string, count: number, seconds: number): Promise<number | undefined> {
  const writer = await buildProgram('tun-writes', topology.directory);
  const words = [count, hosts.a, firstAddress, port, seconds, costRate, traffics.udp1300.sizes[0] ?? 0];
  const { result, received } = await whileReceiving(topology, { program, seconds: seconds + 5 }, () =>
    topology.exec('gw-b', [writer, ...words.map(String)], { timeoutMs: 60_000 }),
  );
  const written = parseCount(result.stdout);
  return received.packets < written.packets * 0.99 ? undefined : (written.seconds * 1e9) / written.packets;
}

export async function measureTunnels(count: number, options: MeasureOptions): Promise<TunnelPoint> {
  await using topology = await Topology.build();
  const program = await buildUdpLoad(topology.directory);
  const gateways = { a: await startXfrmdGateway(topology, 'a'), b: await startXfrmdGateway(topology, 'b') };
  const pids = { a: gateways.a.pid, b: gateways.b.pid };
  const pairs = makePairs(count);

  options.tell(`${count} tunnels on one xfrmd: set-up`);
  const before = residentBytes(pids.a);
  const interfaceSeconds = await timed(() => makeInterfaces(gateways.a, count));
  const between = residentBytes(pids.a);
  const pairSeconds = await timed(() => installPairs(topology, 'a', pairs));
  const after = residentBytes(pids.a);
  await makeInterfaces(gateways.b, count);
  await installPairs(topology, 'b', pairs);
  await topology.ip('gw-a', ...pairs.map(({ number, address }) => ['route', 'add', `${address}/32`, 'dev', `t${number + 1}`]));
  await topology.ip('gw-b', ['route', 'add', innerPrefix, 'via', hosts.b]);
  await topology.ip('host-b', ['route', 'add', 'local', innerPrefix, 'dev', 'lo']);

  const udp = { program, sizes: traffics.udp1300.sizes, first: firstAddress, targets: count };
  const seconds = options.seconds / 2;
  const cost = (inBurst: number): Promise<Cost> =>
    measureCost(pids, () => measureUdp(topology, { ...udp, rate: costRate, seconds, burst: inBurst }), seconds);
  options.tell(`${count} tunnels on one xfrmd: cost of a packet`);
  const [inBursts, inTurn] = [await cost(burst), await cost(1)];
  options.tell(`${count} tunnels on one xfrmd: throughput over all`);
  const points = await measureRates(topology, traffics.udp1300, { ...udp, seconds, burst });
  const bareWrite = await measureBareWrites(topology, program, count, seconds);
  for (const end of ends) await gateways[end].client[Symbol.asyncDispose]();
  return {
    tunnels: count,
    interfacesMade: count / interfaceSeconds,
    pairsInstalled: count / pairSeconds,
    bytesPerInterface: (between - before) / count,
    bytesPerPair: (after - between) / count,
    inBursts,
    inTurn,
    bareWrite,
    throughput: fastest(points),
  };
}
