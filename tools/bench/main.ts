/**
 * `npm run bench`: measures on this machine, prints, and records in docs/benchmarks.md with the command and the machine's
 * facts. Needs root. Removes all it made.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { removeAll, runUp, systemPorts, tableLines } from '@sallyport/cli';
import type { Running } from '@sallyport/cli';
import { ArmClient, createFabric, openFabric, readClientFile } from '@sallyport/lab';
import type { LabSession } from '@sallyport/lab';
import { silentLogger } from '@sallyport/runtime';
import { firstTunnel, manyResources, memory, oneChangeOfTwenty, seconds, timed } from './measure.ts';
import type { Row } from './measure.ts';
import { orExit, unlessInterrupted } from './interrupt.ts';
import { planningTimes } from './planning.ts';
import { setUpRates, startUps } from './scale/measure.ts';

const resourceCount = 10_000;
const ports = systemPorts();

type Section = { readonly title: string; readonly rows: readonly Row[] };

/** Starts a fabric in a directory of its own, measures, and removes every trace. */
async function withFabric(
  title: string,
  measure: (session: LabSession, startSeconds: number) => Promise<readonly Row[]>,
): Promise<Section> {
  process.stderr.write(`bench: ${title}\n`);
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const fabric = createFabric(directory);
  let running: Running | undefined;
  try {
    const up = {
      fabric,
      listen: { host: '127.0.0.1', port: 0 },
      stop: new AbortController().signal,
      ipsec: 'auto',
      ports,
      log: silentLogger,
      onTrouble: (sentence: string) => process.stderr.write(`bench: ${sentence}\n`),
    };
    const started = await timed({ ports }, () => runUp(up));
    running = started.result;
    using arm = new ArmClient(readClientFile(directory));
    const session: LabSession = { ports, fabric: openFabric(directory), arm, tell: () => {} };
    return { title, rows: await unlessInterrupted(() => measure(session, started.seconds)) };
  } finally {
    if (running === undefined) await removeAll({ fabric, ports, log: silentLogger });
    else await running.stop({ keep: false });
    rmSync(directory, { recursive: true, force: true });
  }
}

const measureAll = async (): Promise<readonly Section[]> => [
  await withFabric('the first tunnel', async (session, startSeconds) => [
    { what: 'start-up, empty data directory, until ready', value: seconds(startSeconds) },
    ...(await firstTunnel(session)),
    ...memory(session),
  ]),
  await withFabric('twenty sites on one gateway', async (session) => [...(await oneChangeOfTwenty(session)), ...memory(session)]),
  { title: 'a hundred connections on one gateway', rows: [...(await startUps()), ...(await setUpRates())] },
  await withFabric('the API alone', async (session) => [...(await manyResources(session, resourceCount)), ...memory(session)]),
  { title: 'the planner alone', rows: planningTimes() },
];
const sections = await orExit(measureAll);

const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.versions.node}`;
const lines = sections.flatMap(({ title, rows }) => [
  '',
  title,
  ...tableLines(
    ['', ''],
    rows.map(({ what, value }) => [what, value]),
  ).slice(1),
]);
for (const line of [machine, ...lines]) process.stdout.write(`${line}\n`);
const page = [
  '# Benchmarks',
  '',
  '`npm run bench` on one machine: control plane, gateway, sites and their devices share its cores. It rewrites this page. Numbers of single runs;',
  'on a shared machine read them as orders of magnitude.',
  '',
  `Machine: ${machine}. ${new Date().toISOString().slice(0, 10)}.`,
  ...sections.flatMap(({ title, rows }) => [
    '',
    `## ${title[0]?.toUpperCase() ?? ''}${title.slice(1)}`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map(({ what, value }) => `| ${what} | ${value} |`),
  ]),
  '',
];
writeFileSync(join(import.meta.dirname, '..', '..', 'docs', 'benchmarks.md'), page.join('\n'));
