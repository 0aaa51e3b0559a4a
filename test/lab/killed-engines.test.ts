/** One program dies at a time: the tunnel is back without a hand, other gateways' tunnels notice nothing, and the statuses tell the truth. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { EchoStream, connectionStatus, findPlace, member } from '@sallyport/lab';
import type { LabSession, Scenario } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { standing } from './standing.ts';
import { UpProcess, cli, ports, withEvidence } from './up-process.ts';

/** Back means: an echo is answered again. */
const backWithinMs = 30_000;

test('charon, xfrmd, agent and control plane are killed one after another', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'killed-engines', async () => {
    const { session } = up;
    const { scenario } = await standing(session, 'two-gateways');
    const [mine, others] = await Promise.all([0, 1].map((index) => streamOf(session, scenario, index)));
    if (mine === undefined || others === undefined) throw new Error('two-gateways has traffic on two connections');
    await using _mine = mine.stream;
    await using _others = others.stream;
    for (const { stream } of [mine, others]) await stream.waitForAnswer();

    for (const engine of ['charon', 'xfrmd'] as const) {
      const pid = await enginePid(session, mine.gateway, engine);
      process.kill(pid, 'SIGKILL');
      const isBack = watchAnswers(mine.stream);
      await expectTruth(session, mine.connection, isBack);
      await until(isBack, Boolean, {
        because: `the tunnel is back after ${engine} was killed`,
        clock: systemClock,
        timeoutMs: backWithinMs,
      });
      await until(
        () => connectionStatus(session, mine.connection),
        (status) => status === 'Connected',
        {
          because: `Connected after ${engine} was killed`,
          clock: systemClock,
          timeoutMs: backWithinMs,
        },
      );
      expect(await enginePid(session, mine.gateway, engine)).not.toBe(pid);
      expect(others.stream.read().lost, `the other gateway's tunnel when ${engine} was killed`).toEqual([]);
    }

    const lostSoFar = mine.stream.read().lost.length;
    for (const child of ['agent', 'control-plane'] as const) {
      const pid = childPid(session, child);
      process.kill(pid, 'SIGKILL');
      await until(
        () => childPid(session, child),
        (now) => now !== pid && now !== 0,
        { because: `${child} is started again`, clock: systemClock },
      );
      const told = new Set<string>();
      await until(
        async () => {
          told.add(await connectionStatus(session, mine.connection).catch(() => 'the control plane does not answer'));
          return statusCode(session);
        },
        (code) => code === 0,
        { because: `status is whole after ${child} was killed`, clock: systemClock },
      );
      expect(told, `the tunnel is up all the time while ${child} is not`).not.toContain('NotConnected');
      for (const { stream } of [mine, others]) await stream.waitForAnswer();
      expect(mine.stream.read().lost.length, `${child} killed: tunnels stay`).toBe(lostSoFar);
      expect(others.stream.read().lost, `${child} killed: tunnels stay`).toEqual([]);
    }
    expect(member(await session.arm.get(mine.connection), 'properties', 'provisioningState')).toBe('Succeeded');
  });
});

async function streamOf(
  session: LabSession,
  scenario: Scenario,
  index: number,
): Promise<{ stream: EchoStream; connection: string; gateway: string }> {
  const expectation = scenario.expect[index];
  const traffic = expectation?.traffic[0];
  if (expectation === undefined || traffic === undefined) throw new Error(`no traffic at ${index}`);
  const gateway = member(await session.arm.get(expectation.connection), 'properties', 'virtualNetworkGateway1', 'id');
  const [from, to] = [findPlace(session.fabric, traffic.networkInterface), findPlace(session.fabric, `${traffic.site}-host`)];
  return { stream: new EchoStream(session, from, to, 50), connection: expectation.connection, gateway: String(gateway) };
}

/** True once an echo sent after now was answered. */
function watchAnswers(stream: EchoStream): () => boolean {
  const { sent } = stream.read();
  return () => stream.read().sent > sent + 2 && !stream.read().lost.includes(stream.read().sent - 1);
}

/** While echoes stay unanswered for long, Connected would be a lie. The agent looks every five seconds. */
async function expectTruth(session: LabSession, connection: string, isBack: () => boolean): Promise<void> {
  const began = systemClock.monotonic();
  await until(async () => isBack() || (await connectionStatus(session, connection)) !== 'Connected', Boolean, {
    because: 'the connection is back or not called Connected',
    clock: systemClock,
    timeoutMs: 6000,
  });
  expect(systemClock.monotonic() - began).toBeLessThan(7000);
}

async function statusReport(session: LabSession): Promise<unknown> {
  const { stdout } = await ports.run([cli, 'status', '--json', '--data-dir', session.fabric.dataDirectory], { okCodes: [0, 1] });
  return JSON.parse(stdout) as unknown;
}

async function statusCode(session: LabSession): Promise<number> {
  return (await ports.run([cli, 'status', '--data-dir', session.fabric.dataDirectory], { okCodes: [0, 1] })).code;
}

async function enginePid(session: LabSession, gateway: string, engine: string): Promise<number> {
  const read = async (): Promise<unknown> => {
    const instances = member(await statusReport(session), 'instances');
    const instance = (Array.isArray(instances) ? instances : []).find((one) => String(member(one, 'id')).startsWith(gateway));
    const engines = member(instance, 'engines');
    return member(
      (Array.isArray(engines) ? engines : []).find((one) => member(one, 'name') === engine),
      'processId',
    );
  };
  const pid = await until(read, (value) => typeof value === 'number' && existsSync(`/proc/${value}`), {
    because: `status names the process of ${engine}`,
    clock: systemClock,
    everyMs: 500,
  });
  return Number(pid);
}

/** The child of `up` that runs this subcommand for this data directory; 0 when there is none. */
function childPid(session: LabSession, name: string): number {
  const marker = `\0${name}\0--data-dir\0${session.fabric.dataDirectory}\0`;
  return (
    readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .find((pid) => commandLine(pid).includes(marker)) ?? 0
  );
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}
