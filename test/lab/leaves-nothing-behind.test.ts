/** After a stop, a Ctrl-C, a failure or a kill with clean-up: namespaces, processes, tables, links and files are what they were. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { addClient, addSite, buildScenario, loadScenario, openFabric } from '@sallyport/lab';
import type { Fabric } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, cli, ports, traces } from './up-process.ts';

test('a polite stop removes everything but the data directory, and the next start makes it again', async () => {
  await using up = await UpProcess.start();
  const before = await traces({
    ...up.fabric,
    dataDirectory: '/nowhere',
    runDirectory: '/nowhere',
    namespacePrefix: 'sp-none-',
    id: 'none',
  });
  await buildScenario(up.session, loadScenario('s2s-ikev2-psk', up.session.arm.file.subscriptionId));
  await addSite(ports, up.fabric, { name: 'spare', prefixes: ['192.168.99.0/24'] });
  await addClient(ports, up.fabric, { name: 'laptop' });
  const during = await traces(up.fabric);
  expect(during.namespaces.length).toBeGreaterThan(6);
  expect(await up.stop('SIGINT')).toBe(0);
  expect(await traces(up.fabric)).toEqual({ ...before, namespaces: [], processes: [], files: [] });

  await up.begin();
  await until(
    () => traces(up.fabric),
    ({ namespaces }) => namespaces.join() === during.namespaces.join(),
    {
      because: 'the next start makes the same namespaces again',
      clock: systemClock,
    },
  );
});

test('a killed program’s traces are removed by clean-up', async () => {
  await using up = await UpProcess.start();
  await buildScenario(up.session, loadScenario('s2s-ikev2-psk', up.session.arm.file.subscriptionId));
  await up.kill();
  expect((await traces(up.fabric)).namespaces.length).toBeGreaterThan(4);
  await ports.run([cli, 'clean-up', '--data-dir', up.fabric.dataDirectory]);
  const after = await traces(up.fabric);
  expect([after.namespaces, after.processes, after.files]).toEqual([[], [], []]);
});

test('npm start shows its table and leaves nothing', async () => {
  const { fabric, output, code } = await runStart(['--once'], () => false);
  expect(output).toContain('Connected');
  expect(output).toContain('ROUND TRIP');
  expect(code).toBe(0);
  await expectNothingLeft(fabric);
});

test('Ctrl-C in the middle of npm start leaves nothing', async () => {
  const { fabric, code } = await runStart([], (text) => text.includes('virtualNetworks/hq Succeeded'));
  expect(code).toBe(130);
  await expectNothingLeft(fabric);
});

async function expectNothingLeft(fabric: Fabric): Promise<void> {
  const after = await traces(fabric);
  expect([after.namespaces, after.processes, after.files]).toEqual([[], [], []]);
  expect(readdirSync(tmpdir())).not.toContain(fabric.dataDirectory.split('/').at(-1));
}

/** Runs `sallyport start` and interrupts it, like a terminal does, when `isMoment` of what it printed. */
async function runStart(
  args: readonly string[],
  isMoment: (printed: string) => boolean,
): Promise<{ readonly fabric: Fabric; readonly output: string; readonly code: number | null }> {
  const known = new Set(readdirSync(tmpdir()));
  const child = spawn(cli, ['start', ...args], { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let fabric: Fabric | undefined;
  let isInterrupted = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const folder = readdirSync(tmpdir()).find((entry) => /^sallyport-[A-Za-z0-9]{6}$/.test(entry) && !known.has(entry));
      if (fabric === undefined && folder !== undefined) fabric = openFabric(`${tmpdir()}/${folder}`);
      if (isMoment(output) && !isInterrupted && child.pid !== undefined) {
        isInterrupted = true;
        process.kill(-child.pid, 'SIGINT');
      }
    });
  await until(
    () => child.exitCode ?? child.signalCode,
    (ended) => ended !== null,
    { because: 'start ends', clock: systemClock, timeoutMs: 120_000 },
  );
  if (fabric === undefined) throw new Error(`start made no data directory: ${output}`);
  return { fabric, output, code: child.exitCode };
}
