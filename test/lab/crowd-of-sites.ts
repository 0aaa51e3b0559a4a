/** For tests of many connections: the gateway and its sites through the API, several PUTs at once, and echoes to many sites. */
import { Crowd, connectSdk, crowdScenario, crowdSite, findPlace, inside, putResource } from '@sallyport/lab';
import type { CrowdOptions, CrowdScenario, LabSession } from '@sallyport/lab';
import type { JsonObject } from '@sallyport/model';
import { until } from '@sallyport/runtime';

export const crowdProposals = { ikeProposals: ['aes256-sha256-modp1024', 'aes256-sha1-modp1024'], espProposals: ['aes256gcm16'] } as const;

/** @param connection more properties of every connection. */
export async function buildCrowd(
  session: LabSession,
  count: number,
  options: { readonly connection?: JsonObject; readonly first?: number } = {},
): Promise<CrowdScenario & { readonly gatewayAddress: string }> {
  const scenario = crowdScenario(session.arm.file.subscriptionId, options.connection);
  const sdk = await connectSdk(session.arm.file);
  for (const { put, body } of scenario.gateway)
    if (/\/providers\//i.test(put)) await putResource(sdk, put, body);
    else await session.arm.put(put, body);
  const numbers = Array.from({ length: count }, (_, index) => index + (options.first ?? 1)).values();
  const work = async (): Promise<void> => {
    for (const number of numbers) for (const { put, body } of scenario.site(number)) await putResource(sdk, put, body);
  };
  await Promise.all(Array.from({ length: 8 }, work));
  const [gatewayAddress = ''] = findPlace(session.fabric, 'hq-gateway/IN_0').addresses;
  return { ...scenario, gatewayAddress };
}

export function startCrowd(session: LabSession, count: number, gateway: string, options: Partial<CrowdOptions> = {}): Promise<Crowd> {
  return Crowd.start(session.ports, session.fabric, count, { gateway, ...crowdProposals, ...options });
}

/** What `sallyport status` would read, once. */
export async function statusOf(session: LabSession): Promise<{
  readonly connections: readonly {
    readonly name: string;
    readonly connectionStatus: string;
    readonly reason?: { readonly code: string };
  }[];
}> {
  return (await session.arm.get('/debug/status')) as Awaited<ReturnType<typeof statusOf>>; // our own report
}

export async function waitForConnected(session: LabSession, count: number, timeoutMs = 120_000): Promise<void> {
  await until(
    async () => (await statusOf(session)).connections.filter(({ connectionStatus }) => connectionStatus === 'Connected').length,
    (connected) => connected >= count,
    { because: `${count} connections are Connected`, clock: session.ports.clock, timeoutMs, everyMs: 200 },
  );
}

/** One ping(8) per site for `seconds`, every `everyMs`; what was lost, by site. */
export async function echoes(
  session: LabSession,
  numbers: readonly number[],
  options: { readonly seconds: number; readonly everyMs: number },
): Promise<{ readonly sent: number; readonly lost: ReadonlyMap<number, number> }> {
  const from = findPlace(session.fabric, 'vm1').namespace;
  const count = Math.ceil((options.seconds * 1000) / options.everyMs);
  const runs = await Promise.all(
    numbers.map(async (number) => {
      const ping = ['ping', '-n', '-q', '-c', `${count}`, '-i', `${options.everyMs / 1000}`, '-W', '5', crowdSite(number).host];
      const { stdout } = await session.ports.run(inside(from, ping), { okCodes: [0, 1], timeoutMs: (options.seconds + 60) * 1000 });
      const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) received/.exec(stdout) ?? [];
      return { number, sent: Number(sent), lost: Number(sent) - Number(received) };
    }),
  );
  return {
    sent: runs.reduce((sum, { sent }) => sum + sent, 0),
    lost: new Map(runs.filter(({ lost }) => lost > 0).map(({ number, lost }) => [number, lost])),
  };
}
