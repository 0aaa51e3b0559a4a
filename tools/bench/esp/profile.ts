/** Where xfrmd's processor time goes under one TCP stream: perf's samples of both gateways' processes, put into a few groups. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gcm } from './engines/engine.ts';
import { xfrmdAsItComes } from './engines/xfrmd.ts';
import { measureTcp } from './iperf.ts';
import type { MeasureOptions } from './measure.ts';
import { Topology } from './topology.ts';

export type Sample = { readonly share: number; readonly object: string; readonly symbol: string };
export type ProfileGroup = { readonly name: string; /** 0…1 of xfrmd's own time. */ readonly share: number };
export type Profile = { readonly bits: number; readonly groups: readonly ProfileGroup[]; readonly top: readonly Sample[] };

/** First match wins. Debian's libcrypto has no local symbols: its assembly shows as addresses, its bookkeeping by exported names. */
const groups: readonly { readonly name: string; readonly holds: (sample: Sample) => boolean }[] = [
  { name: 'copies between user space and kernel', holds: ({ object, symbol }) => isKernel(object) && /copy|memcpy|memmove/.test(symbol) },
  {
    name: 'AES-GCM (libIPSec_MB’s or libcrypto’s code, without names)',
    holds: ({ object, symbol }) => object.startsWith('libIPSec_MB') || (isCrypto(object) && /^0x|gcm128/.test(symbol)),
  },
  {
    name: 'OpenSSL’s bookkeeping per packet (EVP, parameters by name)',
    holds: ({ object, symbol }) => isCrypto(object) || (object.startsWith('libc.') && symbol.includes('strcmp')),
  },
  { name: 'xfrmd: checksums', holds: ({ object, symbol }) => object === 'xfrmd' && symbol.includes('checksum') },
  { name: 'xfrmd: everything else of its own code', holds: ({ object }) => object === 'xfrmd' },
  { name: 'kernel: TUN, UDP, routing, the inner TCP’s softirq work', holds: ({ object }) => isKernel(object) },
  { name: 'C library', holds: ({ object }) => object.startsWith('libc.') },
];
const isKernel = (object: string): boolean => object.startsWith('[kernel');
const isCrypto = (object: string): boolean => object.startsWith('libcrypto');

/** `perf report -F overhead,dso,symbol -t ';'`: ` 5.77%  ;[kernel.kallsyms];[k] _copy_from_iter`. */
export function parsePerf(text: string): readonly Sample[] {
  return text.split('\n').flatMap((line) => {
    const [overhead = '', object = '', symbol = ''] = line.split(';').map((part) => part.trim());
    if (!/^[\d.]+%$/.test(overhead)) return [];
    return [{ share: Number.parseFloat(overhead) / 100, object, symbol: symbol.replace(/^\[.\] /, '') }];
  });
}

export function groupSamples(samples: readonly Sample[]): readonly ProfileGroup[] {
  const shares = new Map<string, number>();
  for (const sample of samples) {
    const name = groups.find(({ holds }) => holds(sample))?.name ?? 'other';
    shares.set(name, (shares.get(name) ?? 0) + sample.share);
  }
  return [...shares].map(([name, share]) => ({ name, share })).toSorted((a, b) => b.share - a.share);
}

export function profileMissing(): string | undefined {
  return existsSync('/usr/bin/perf') ? xfrmdAsItComes.missing?.() : 'the package linux-perf is not installed';
}

export async function profileXfrmd(options: MeasureOptions): Promise<Profile> {
  options.tell('profile of xfrmd under a TCP stream');
  await using topology = await Topology.build();
  const { pids } = await xfrmdAsItComes.start(topology, gcm);
  const file = join(topology.directory, 'perf.data');
  const stream = measureTcp(topology, 'one', options.seconds + 1);
  stream.catch(() => {}); // awaited below, after perf's own failure
  // 997 Hz: not in step with anything that ticks. cpu-clock: virtual machines have no hardware counters.
  const record = ['perf', 'record', '-q', '-F', '997', '-e', 'cpu-clock', '-p', `${pids?.a},${pids?.b}`, '-o', file];
  await topology.exec('gw-a', [...record, '--', 'sleep', `${options.seconds}`]);
  const { bits } = await stream;
  const report = ['perf', 'report', '-i', file, '--stdio', '--no-children', '-F', 'overhead,dso,symbol', '-t', ';'];
  const samples = parsePerf((await topology.exec('gw-a', report, { timeoutMs: 60_000 })).stdout);
  const named = samples.filter(({ symbol }) => !symbol.startsWith('0x'));
  return { bits, groups: groupSamples(samples), top: named.slice(0, 12) };
}
