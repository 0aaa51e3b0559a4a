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
import { ScaleGateway, planOf, ports } from './gateway.ts';

const count = 100;
const rounds = 5;
const limitMs = 120_000;
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
    const { raw, agent } = await alternate(once);
    return [
      { what: `start-up to ${count} tunnels up, charon alone (median of ${rounds})`, value: seconds(raw / 1000) },
      { what: `start-up to ${count} tunnels up, the agent`, value: `${seconds(agent / 1000)}, ${ratio(agent, raw)} of charon alone` },
      ...(await idle(gateway)),
    ];
  });
}

/** The sites call all at once; the gateway's charon is the same in both kinds, with an agent that watches or without. */
export async function setUpRates(): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const group of groups) {
    const connection = { connectionMode: 'ResponderOnly', ipsecPolicies: [policyOf(group)] };
    const proposals = { ikeProposals: [`aes256-sha256-${group.word}`], espProposals: ['aes256gcm16'] };
    rows.push(
      ...(await withCrowd(connection, proposals, async (gateway, crowd) => {
        const all = Array.from({ length: count }, (_, index) => index + 1);
        const once = async (isRaw: boolean): Promise<number> => {
          if (isRaw) await gateway.closeAgent();
          else if (!gateway.hasAgent) await watching(gateway);
          await crowd.terminate(...all);
          await crowd.untilDown(limitMs);
          return timedMs(async () => {
            await crowd.initiate(...all);
            await crowd.untilUp(count, limitMs);
          });
        };
        const { raw, agent } = await alternate(once);
        const rate = (ms: number): string => `${((count * 1000) / ms).toFixed(0)}/s`;
        return [
          { what: `IKE set-ups, ${group.name}, charon alone (median of ${rounds} times ${count})`, value: rate(raw) },
          { what: `IKE set-ups, ${group.name}, with the agent`, value: `${rate(agent)}, ${ratio(raw, agent)} of charon alone` },
        ];
      })),
    );
  }
  return rows;
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
  return await work(gateway, crowd);
}

async function watching(gateway: ScaleGateway): Promise<void> {
  await gateway.prepareAgent();
  gateway.startAgent();
  await gateway.untilReported(({ appliedPlan }) => appliedPlan >= 1, 'the plan is applied');
}

async function alternate(once: (isRaw: boolean) => Promise<number>): Promise<{ readonly raw: number; readonly agent: number }> {
  const times = { raw: [] as number[], agent: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    times.raw.push(await once(true));
    times.agent.push(await once(false));
  }
  return { raw: median(times.raw), agent: median(times.agent) };
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
