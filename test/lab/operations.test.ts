/**
 * VGW-OPS-001, VGW-OPS-003, VGW-OPS-004. What operations do to tunnels that stand, by the official SDK and az: a reset of one connection renews its SAs and no others, a reset of the
 * gateway renews all, getIkeSas says what the peer's own list says, counters only ever grow. The peers' side is read with swanctl(8).
 */
import { expect, test } from 'vitest';
import {
  EchoStream,
  buildScenario,
  connectSdk,
  expectScenario,
  findPlace,
  loadScenario,
  member,
  swanctl,
  transfer,
  waitForStatus,
} from '@sallyport/lab';
import type { LabSession, Place, Scenario } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { parseSas } from '../matrix/swanctl-list.ts';
import { openAz, registerCloud, signIn } from '../tools/az.ts';
import { UpProcess, ports, withEvidence } from './up-process.ts';

const group = 's2s-two-sites';

type World = { readonly session: LabSession; readonly scenario: Scenario };
type Sa = { readonly ike: string; readonly child: string };

/** The one IKE SA and the one CHILD SA of a site, as its device tells; undefined while there are others. */
async function saAt({ session }: World, site: string): Promise<Sa | undefined> {
  const { ikes, children } = parseSas((await swanctl(ports, session.fabric, site, ['--list-sas'])).stdout);
  const [ike, child] = [ikes[0]?.id, children[0]?.spiIn];
  return ikes.length === 1 && children.length === 1 && ike !== undefined && child !== undefined ? { ike, child } : undefined;
}

async function newSaAt(world: World, site: string, before: Sa | undefined): Promise<Sa | undefined> {
  return until(
    () => saAt(world, site),
    (now) => now !== undefined && now.ike !== before?.ike && now.child !== before?.child,
    { because: `${site} has one new IKE SA and one new CHILD SA`, clock: systemClock, timeoutMs: 60_000, everyMs: 200 },
  );
}

async function shown(
  { session }: World,
  name: string,
): Promise<{ readonly ingress: number; readonly egress: number; readonly since: string }> {
  const id = `/subscriptions/${session.arm.file.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Network/connections/${name}`;
  const properties = member(await session.arm.get(id), 'properties');
  const tunnel = member(properties, 'tunnelConnectionStatus', 0);
  const [ingress, egress] = [member(properties, 'ingressBytesTransferred'), member(properties, 'egressBytesTransferred')];
  expect([member(tunnel, 'ingressBytesTransferred'), member(tunnel, 'egressBytesTransferred')]).toEqual([ingress, egress]);
  return { ingress: Number(ingress), egress: Number(egress), since: String(member(tunnel, 'lastConnectionEstablishedUtcTime')) };
}

async function counted(world: World, name: string, least: number): Promise<Awaited<ReturnType<typeof shown>>> {
  return until(
    () => shown(world, name),
    ({ ingress, egress }) => ingress >= least && egress >= least,
    { because: `${name} has counted ${least} bytes each way`, clock: systemClock, timeoutMs: 60_000, everyMs: 200 },
  );
}

test('resets renew what they are for and nothing else, and what the API shows is what the peers see', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'operations', async () => {
    const { session } = up;
    const scenario = loadScenario('s2s-two-sites', session.arm.file.subscriptionId);
    const world: World = { session, scenario };
    await buildScenario(session, scenario);
    await expectScenario(session, scenario);
    const network = await connectSdk(session.arm.file);
    const [vm, one, two] = ['vm1', 'site1-host', 'site2-host'].map((name) => findPlace(session.fabric, name)) as [Place, Place, Place];
    const [before1, before2] = [await newSaAt(world, 'site1', undefined), await newSaAt(world, 'site2', undefined)];

    // getIkeSas: the SDK and az get the same, and the device knows every number in it.
    const { body } = (await network.virtualNetworkGatewayConnections.getIkeSas(group, 'hq-site1')) as unknown as { readonly body: string };
    expect(saOf(body)).toEqual(before1);
    using az = openAz(session.arm.file);
    await registerCloud(az, session.arm.file);
    await signIn(az, session.arm.file);
    const printed = (await az.json('network', 'vpn-connection', 'list-ike-sas', '-g', group, '-n', 'hq-site1')) as string;
    expect(saOf(printed)).toEqual(before1);
    expect(JSON.parse(printed)).toMatchObject({
      IkeSAs: [
        {
          LocalEndpoint: findPlace(session.fabric, 'hq-gateway/IN_0').addresses[0],
          RemoteEndpoint: '203.0.113.11',
          Encryption: 'AES256',
          Integrity: 'SHA1',
          DhGroup: 'DHGroup2',
          LifeTimeSeconds: 28_800,
          IsSaInitiator: true,
          QuickModeSAs: [{ Encryption: 'GCMAES256', PfsGroupId: 'None', LifetimeKilobytes: 102_400_000, LifetimeSeconds: 27_000 }],
        },
      ],
    });

    // A connection's reset, beside one that is in use.
    await transfer(session, vm, one, 1_000_000);
    await transfer(session, one, vm, 1_000_000);
    const counts = await counted(world, 'hq-site1', 1_000_000);
    const untouched = await shown(world, 'hq-site2');
    await using neighbour = new EchoStream(session, vm, two);
    await neighbour.waitForAnswer();
    await network.virtualNetworkGatewayConnections.resetConnection(group, 'hq-site1');
    const after1 = await newSaAt(world, 'site1', before1);
    await waitForStatus(session, scenario.expect[0]?.connection ?? '', 'Connected');
    const renewed = await until(
      () => shown(world, 'hq-site1'),
      ({ since }) => since > counts.since,
      { because: 'the new time of the connection is told', clock: systemClock, timeoutMs: 30_000 },
    );
    expect([renewed.ingress >= counts.ingress, renewed.egress >= counts.egress]).toEqual([true, true]);
    expect(await saAt(world, 'site2')).toEqual(before2);
    await neighbour.waitForAnswer();
    expect((await neighbour.stop()).lost).toEqual([]);
    expect((await shown(world, 'hq-site2')).since).toBe(untouched.since);

    // Counters and time are those of before, after the whole program was killed.
    await up.kill();
    await up.begin();
    const restarted = await counted(world, 'hq-site1', 1_000_000);
    expect([restarted.ingress >= counts.ingress, restarted.egress >= counts.egress, restarted.since]).toEqual([true, true, renewed.since]);
    expect(await saAt(world, 'site1')).toEqual(after1);

    // The gateway's, by its address and without; an address of nobody's is refused and does nothing.
    const vip = findPlace(session.fabric, 'hq-gateway/IN_0').addresses[0] ?? '';
    await expect(network.virtualNetworkGateways.reset(group, 'hq-gateway', { gatewayVip: '203.0.113.99' })).rejects.toMatchObject({
      statusCode: 400,
      code: 'InvalidParameter',
    });
    expect([await saAt(world, 'site1'), await saAt(world, 'site2')]).toEqual([after1, before2]);
    const answer = await network.virtualNetworkGateways.reset(group, 'hq-gateway', { gatewayVip: vip });
    expect(answer.name).toBe('hq-gateway');
    const [third1, third2] = [await newSaAt(world, 'site1', after1), await newSaAt(world, 'site2', before2)];
    expect(await az.json('network', 'vnet-gateway', 'reset', '-g', group, '-n', 'hq-gateway')).toMatchObject({
      provisioningState: 'Succeeded',
    });
    await newSaAt(world, 'site1', third1);
    await newSaAt(world, 'site2', third2);
    await expectScenario(session, scenario);
  });
});

/** Cookies and the SPI of packets to the device, as strongSwan prints them. */
function saOf(text: string): Sa {
  const number = (name: string): bigint => BigInt(new RegExp(`"${name}":(\\d+)`).exec(text)?.[1] ?? 0);
  const hex = (value: bigint, digits: number): string => value.toString(16).padStart(digits, '0');
  return {
    ike: `${hex(number('InitiatorCookie'), 16)} ${hex(number('ResponderCookie'), 16)}`,
    child: hex(number('OutboundSPI'), 8),
  };
}
