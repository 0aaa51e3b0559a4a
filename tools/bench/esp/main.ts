/**
 * `npm run bench:esp`: ESP engines on one topology in one run → docs/benchmarks-esp.md with its plots. Needs root. A run of a part
 * (--only, --quick) prints what it found and leaves the page as it is: a page is of one whole run.
 */
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { bare } from './engines/bare.ts';
import type { Engine } from './engines/engine.ts';
import { libipsec } from './engines/libipsec.ts';
import { openvpn } from './engines/openvpn.ts';
import { wireguard } from './engines/wireguard.ts';
import { xfrmdEvp, xfrmdIpsecMb } from './engines/xfrmd.ts';
import { ikeGroups, measureIkeRate } from './ike-rate.ts';
import { measureRow } from './measure.ts';
import type { Row } from './measure.ts';
import { UsageError, isSelected, parseOptions } from './options.ts';
import { renderPage } from './page.ts';
import { drawPlots } from './plots.ts';
import { profileMissing, profileXfrmd } from './profile.ts';
import type { Results } from './results.ts';
import { removeLiving, sweepLeftovers } from './topology.ts';
import { measureTunnels, tunnelCounts } from './tunnels.ts';

const engines: readonly Engine[] = [bare, xfrmdEvp, xfrmdIpsecMb, libipsec, openvpn, wireguard];
const ikeSetUps = { whole: 400, quick: 50 };
const docs = join(import.meta.dirname, '..', '..', '..', 'docs');

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(
    `bench: ${error instanceof UsageError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(args: readonly string[]): Promise<void> {
  const { seconds, only, isQuick } = parseOptions(args);
  const tell = (text: string): void => void process.stderr.write(`bench: ${text}\n`);
  const options = { seconds, tell };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      tell(`${signal}: removing everything`);
      void removeLiving().finally(() => process.exit(130));
    });
  await sweepLeftovers();

  const failures: string[] = [];
  /** A part that fails is named on the page; the others go on. */
  const attempt = async <T>(what: string, work: () => Promise<T>): Promise<readonly T[]> => {
    try {
      return [await work()];
    } catch (error) {
      const reason = `${what}: ${error instanceof Error ? error.message : String(error)}`;
      tell(`failed: ${reason}`);
      failures.push(reason);
      return [];
    }
  };

  const chosen = engines.filter(({ name }) => isSelected({ only }, name));
  const rows: Row[] = [];
  for (const engine of chosen) {
    if (engine.missing?.() !== undefined) continue;
    for (const [index, suite] of engine.suites.slice(0, isQuick ? 1 : undefined).entries())
      rows.push(
        ...(await attempt(`${engine.name}, ${suite?.name ?? 'its own cipher'}`, () =>
          measureRow(engine, suite, index === 0 ? 'all' : 'main', options),
        )),
      );
  }
  const hasXfrmd = xfrmdEvp.missing?.() === undefined;
  const tunnels = [];
  for (const count of hasXfrmd && isSelected({ only }, 'tunnels') ? (isQuick ? [1, 100] : tunnelCounts) : [])
    tunnels.push(...(await attempt(`${count} tunnels`, () => measureTunnels(count, options))));
  const ike = [];
  for (const group of hasXfrmd && isSelected({ only }, 'ike') ? ikeGroups : [])
    ike.push(
      ...(await attempt(`IKE set-ups with ${group.name}`, () =>
        measureIkeRate(group, isQuick ? ikeSetUps.quick : ikeSetUps.whole, options),
      )),
    );
  const [profile] =
    isSelected({ only }, 'profile') && profileMissing() === undefined ? await attempt('profile', () => profileXfrmd(options)) : [];

  const results: Results = {
    command: ['npm run bench:esp', ...(args.length === 0 ? [] : ['--', ...args])].join(' '),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}`,
    date: new Date().toISOString().slice(0, 10),
    seconds,
    engines: chosen.map((engine) => ({ name: engine.name, what: engine.what, missing: engine.missing?.() })),
    rows,
    tunnels,
    ike,
    profile,
    failures,
  };
  const page = renderPage(results);
  process.stdout.write(page);
  if (isQuick || only.length > 0) return;
  writeFileSync(join(docs, 'benchmarks-esp.md'), page);
  for (const [file, svg] of drawPlots(results)) writeFileSync(join(docs, file), svg);
  tell('docs/benchmarks-esp.md and its plots are written');
}
