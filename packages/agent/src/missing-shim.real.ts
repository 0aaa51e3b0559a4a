/**
 * On Linux: without the shim neither xfrmd nor charon is started, the reason says what to do, and once the shim is there both are, also from a folder
 * that ld.so(8) would take for two.
 */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLogger, systemClock, systemCommands, systemDaemons } from '@sallyport/runtime';
import { startAgentWith } from './agent.ts';
import { cleanUp } from './clean-up.ts';
import { FakeControl } from './fake-control.ts';
import { samplePlan } from './sample-plan.ts';
import { testPaths } from './test-paths.ts';

test.for(['lib', 'it’s here: lib'])(
  'a missing shim is told before anything is started, and healed by the next pass, in %s/',
  async (folder) => {
    const directory = mkdtempSync(join(tmpdir(), 'sallyport-shim-'));
    const built = testPaths(directory);
    const paths = { ...built, shimLibrary: join(directory, folder, 'libxfrmshim.so') };
    const daemons = systemDaemons(systemClock);
    const started: string[] = [];
    const ports = {
      run: systemCommands.run,
      clock: systemClock,
      log: createLogger({ component: 'agent', file: join(directory, 'agent.log') }),
      daemons: { ...daemons, start: (start: Parameters<typeof daemons.start>[0]) => (started.push(start.pidFile), daemons.start(start)) },
    };
    const control = new FakeControl();
    const agent = await startAgentWith({ host: 'host-1', paths, ipsec: 'xfrmd', ports }, control);
    onTestFinished(async () => {
      await agent.close();
      await cleanUp(paths, ports);
      rmSync(directory, { recursive: true, force: true });
    });
    control.publish(1, samplePlan([]));
    const down = await control.observed(({ failures }) => failures.length > 0, 'the shim is missed', 20_000);
    expect(down.failures.map(({ code }) => code)).toEqual(['EngineDown']);
    expect(down.failures[0]?.message).toContain(`${paths.shimLibrary} is missing, \`sh tools/set-up.sh start\` builds it`);
    expect(started).toEqual([]);

    mkdirSync(join(directory, folder));
    symlinkSync(built.shimLibrary, paths.shimLibrary);
    const up = await control.observed(({ appliedPlan, failures }) => appliedPlan === 1 && failures.length === 0, 'it works', 30_000);
    expect(up.instances.map(({ state }) => state)).toEqual(['Running']);
    expect(started.map((file) => file.split('/').at(-1))).toEqual(['xfrmd.pid', 'charon.pid']);
  },
);
