/**
 * What the agent costs at a hundred connections, beside charon alone: start-up until every tunnel is up, IKE set-ups per second while it
 * watches, and what it takes when nothing happens. Rounds of both kinds alternate; medians, and their ratio, which a busy machine changes less.
 */
import { Crowd } from '@sallyport/lab';
import type { CrowdOptions } from '@sallyport/lab';
import type { JsonObject } from '@sallyport/model';
import { systemClock } from '@sallyport/runtime';
import { seconds } from '../measure.ts';
import type { Row } from '../measure.ts';
import { unlessInterrupted } from '../interrupt.ts';
import { ScaleGateway, planOf, ports } from './gateway.ts';

const count = 100;
const startRounds = 5;
const [rateBlocks, ratesPerBlock] = [4, 6];
const limitMs = 120_000;
/** Below the 30 half-open SAs from which on the gateway asks for cookies. */
const atOnce = 24;
const warmUps = 2;
/** The agent looks at most so long after the last of many calls. */
const afterMs = 2000;
const defaults = { ikeProposals: ['aes256-sha256-modp1024'], espProposals: ['aes256gcm16'] } as const;

type Group = { readonly name: string; readonly azure: string; readonly word: string };
const groups: readonly Group[] = [
  { name: 'ECP-256', azure: 'ECP256', word: 'ecp256' },
  { name: 'MODP-2048', azure: 'DHGroup14', word: 'modp2048' },
];

/** From no daemon at all to a hundred sites that have their tunnel, as the sites see it. */
export async function startUps(): Promise<readonly Row[]> {
  return withCrowd({}, defaults, async (gateway, crowd) => {
    const once = async (isRaw: boolean): Promise<number> => {
      await gateway.closeAgent();
      await gateway.killDaemons();
      await crowd.restart(count);
      if (!isRaw) await gateway.prepareAgent();
      return timedMs(async () => {
        if (isRaw) await gateway.initiateRaw(await gateway.startRaw());
        else gateway.startAgent();
        await crowd.untilUp(count, limitMs);
      });
    };
    const times = { raw: [] as number[], agent: [] as number[] };
    for (let round = 0; round < startRounds; round += 1) {
      times.raw.push(await once(true));
      times.agent.push(await once(false));
    }
    const [raw, agent] = [median(times.raw), median(times.agent)];
    return [
      { what: `start-up to ${count} tunnels up, charon alone (median of ${startRounds})`, value: seconds(raw / 1000) },
      { what: `start-up to ${count} tunnels up, the agent`, value: `${seconds(agent / 1000)}, ${ratio(agent, raw)} of charon alone` },
      ...(await idle(gateway)),
    ];
  });
}

/** The sites call, some at once; the gateway's charon is the same in both kinds, with an agent that watches or without. */
export async function setUpRates(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const group of groups) {
    const connection = { connectionMode: 'ResponderOnly', ipsecPolicies: [policyOf(group)] };
    const proposals = { ikeProposals: [`aes256-sha256-${group.word}`], espProposals: ['aes256gcm16'] };
    rows.push(
      ...(await withCrowd(connection, proposals, async (gateway, crowd) => {
        const runs = { raw: [] as Run[], agent: [] as Run[] };
        for (let block = 0; block < rateBlocks; block += 1) {
          await gateway.closeAgent();
          for (let run = 0; run < ratesPerBlock; run += 1) runs.raw.push(await callAll(gateway, crowd));
          await watching(gateway);
          // An agent that has just been started has its code compiled while it runs, which is no part of what it costs day by day.
          for (let run = 0; run < warmUps; run += 1) await callAll(gateway, crowd);
          for (let run = 0; run < ratesPerBlock; run += 1) runs.agent.push(await callAll(gateway, crowd));
        }
        return rateRows(group.name, runs);
      })),
    );
  }
  return rows;
}

type Run = {
  readonly ms: number;
  readonly charonMs: number;
  readonly agentMs: number;
  /** Of the two seconds after it, with what it takes when nothing happens. */
  readonly agentAfterMs: number;
};

/**
 * Every site calls once, when the agent has written down what came before: it waits for calls to pause. What it does afterwards is told beside. Processor
 * time is steadier than the clock where other work shares the machine.
 */
async function callAll(gateway: ScaleGateway, crowd: Crowd): Promise<Run> {
  const all = Array.from({ length: count }, (_, index) => index + 1);
  await crowd.terminate(...all);
  await crowd.untilDown(limitMs);
  await systemClock.sleep(afterMs);
  const [charonMs, agentMs] = [gateway.cpuMs('charon'), gateway.agentCpuMs()];
  const ms = await timedMs(() => crowd.callInTurn(all, atOnce, limitMs));
  const [charonAfter, agentAfter] = [gateway.cpuMs('charon'), gateway.agentCpuMs()];
  if (gateway.hasAgent) await systemClock.sleep(afterMs);
  return { ms, charonMs: charonAfter - charonMs, agentMs: agentAfter - agentMs, agentAfterMs: gateway.agentCpuMs() - agentAfter };
}

function rateRows(group: string, { raw, agent }: { readonly raw: readonly Run[]; readonly agent: readonly Run[] }): readonly Row[] {
  const of = (runs: readonly Run[], field: keyof Run): number => median(runs.map((run) => run[field]));
  const mean = (runs: readonly Run[], field: keyof Run): string =>
    `${(runs.reduce((sum, run) => sum + run[field], 0) / runs.length / 1000).toFixed(2)} s`;
  const rate = (ms: number): string => `${((count * 1000) / ms).toFixed(0)}/s`;
  const [alone, watched] = [of(raw, 'ms'), of(agent, 'ms')];
  return [
    { what: `IKE set-ups, ${group}, charon alone (median of ${raw.length} times ${count})`, value: rate(alone) },
    { what: `IKE set-ups, ${group}, with the agent`, value: `${rate(watched)}, ${ratio(alone, watched)} of charon alone` },
    { what: `processor time of ${count} set-ups, ${group}: charon alone`, value: mean(raw, 'charonMs') },
    {
      what: `processor time of ${count} set-ups, ${group}: charon with the agent, and the agent`,
      value: `${mean(agent, 'charonMs')}, ${mean(agent, 'agentMs')}`,
    },
    { what: `processor time of the agent in the two seconds after them, ${group}`, value: mean(agent, 'agentAfterMs') },
  ];
}

async function idle(gateway: ScaleGateway): Promise<readonly Row[]> {
  await gateway.untilReported(({ connected }) => connected === count, `${count} connections are reported as Connected`);
  const idleMs = 20_000;
  await systemClock.sleep(5000);
  const [before, reports] = [gateway.agentCpuMs(), gateway.reports];
  await systemClock.sleep(idleMs);
  const usedMs = gateway.agentCpuMs() - before;
  return [
    { what: `agent with ${count} idle tunnels`, value: `${((usedMs * 100) / idleMs).toFixed(1)} % of a core` },
    { what: 'its reports meanwhile, per minute', value: `${Math.round(((gateway.reports - reports) * 60_000) / idleMs)}` },
    {
      what: 'its plan, and one report',
      value: `${kilobytes(gateway.planBytes)}, ${kilobytes(gateway.report?.bytes ?? 0)}`,
    },
  ];
}

async function withCrowd(
  connection: JsonObject,
  proposals: Pick<CrowdOptions, 'ikeProposals' | 'espProposals'>,
  work: (gateway: ScaleGateway, crowd: Crowd) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  await using gateway = new ScaleGateway(planOf(count, connection));
  await watching(gateway);
  await using crowd = await Crowd.start(ports, gateway.fabric, count, { gateway: gateway.address, ...proposals });
  return await unlessInterrupted(() => work(gateway, crowd));
}

async function watching(gateway: ScaleGateway): Promise<void> {
  await gateway.prepareAgent();
  gateway.startAgent();
  await gateway.untilReported(({ appliedPlan }) => appliedPlan >= 1, 'the plan is applied');
}

async function timedMs(work: () => Promise<unknown>): Promise<number> {
  const began = systemClock.monotonic();
  await work();
  return systemClock.monotonic() - began;
}

function policyOf({ azure }: Group): JsonObject {
  return {
    saLifeTimeSeconds: 27_000,
    saDataSizeKilobytes: 102_400_000,
    ipsecEncryption: 'GCMAES256',
    ipsecIntegrity: 'GCMAES256',
    ikeEncryption: 'AES256',
    ikeIntegrity: 'SHA256',
    dhGroup: azure,
    pfsGroup: 'None',
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function ratio(a: number, b: number): string {
  return `${((100 * a) / b).toFixed(0)} %`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(0)} kB`;
}
