/** Route tables of subnets with packets: each next hop type, and that the longest prefix and the user's route win. */
import { expect, test } from 'vitest';
import { buildScenario, connectSdk, findPlace, inside, loadScenario, pingUntilAnswered, putResource, waitForStatus } from '@sallyport/lab';
import type { Place } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, ports, withEvidence } from './up-process.ts';

type Hop = 'None' | 'VnetLocal' | 'VirtualNetworkGateway' | 'VirtualAppliance' | 'Internet';

test('packets of a subnet take the way its route table says', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'route-tables', async () => {
    const { session } = up;
    const scenario = loadScenario('forced-tunnelling', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    const sdk = await connectSdk(session.arm.file);
    const group = scenario.resources[0]?.put ?? '';
    const network = `${group}/providers/Microsoft.Network`;
    await putResource(sdk, `${network}/networkInterfaces/nva`, {
      location: 'westeurope',
      properties: {
        enableIPForwarding: true,
        ipConfigurations: [{ name: 'ipconfig1', properties: { subnet: { id: `${network}/virtualNetworks/VNet1/subnets/Mid-tier` } } }],
      },
    });
    const route = async (...routes: readonly (readonly [prefix: string, type: Hop, address?: string])[]): Promise<void> =>
      putResource(sdk, `${network}/routeTables/frontend-routes`, {
        location: 'westeurope',
        properties: {
          routes: routes.map(([addressPrefix, nextHopType, nextHopIpAddress], index) => ({
            name: `route${index}`,
            properties: { addressPrefix, nextHopType, ...(nextHopIpAddress === undefined ? {} : { nextHopIpAddress }) },
          })),
        },
      });
    const place = (name: string): Place => findPlace(session.fabric, name);
    await until(() => place('nva').exists, Boolean, { because: 'the appliance is there', clock: systemClock });
    const [frontend, midTier, backend, nva, branch] = ['frontend', 'mid-tier', 'backend', 'nva', 'branch1-host'].map(place) as [
      Place,
      Place,
      Place,
      Place,
      Place,
    ];
    /** Who answers when a packet from Frontend may take no more than so many steps; `*` when nobody does. */
    const answerer = async (to: Place, steps: number): Promise<string> => {
      const argv = ['ping', '-n', '-c', '1', '-W', '1', '-t', `${steps}`, to.addresses[0] ?? ''];
      const { stdout } = await ports.run(inside(frontend.namespace, argv), { okCodes: [0, 1] });
      return /^(?:From|\d+ bytes from) ([\d.]+)/m.exec(stdout)?.[1] ?? '*';
    };
    const trace = async (to: Place, length: number): Promise<readonly string[]> => {
      const hops: string[] = [];
      for (let steps = 1; steps <= length; steps += 1) hops.push(await answerer(to, steps));
      return hops;
    };
    const passes = async (to: Place, hops: readonly string[]): Promise<void> => {
      const seen = await until(
        () => trace(to, hops.length),
        (found) => found.join() === hops.join(),
        { because: `from frontend to ${to.name} by ${hops.join(', ')}`, clock: systemClock, timeoutMs: 60_000 },
      );
      expect(seen).toEqual(hops);
    };
    const address = ({ addresses }: Place): string => addresses[0] ?? '';
    const routerOf = '10.1.0.1';
    const gateway = '10.1.200.4';
    for (const { connection } of scenario.expect.slice(0, 2)) await waitForStatus(session, connection, 'Connected');
    await pingUntilAnswered(session, frontend, branch);

    await passes(backend, [routerOf, address(backend)]);
    await route(['10.1.0.0/16', 'VirtualAppliance', address(nva)], ['10.1.1.0/24', 'VnetLocal']);
    await passes(backend, [routerOf, address(nva)]);
    expect(await ping(frontend, backend)).toBe(true);
    await passes(midTier, [routerOf, address(midTier)]);

    await passes(branch, [routerOf, gateway]);
    await route(['192.168.2.0/24', 'None']);
    await until(
      () => ping(frontend, branch),
      (answered) => !answered,
      { because: 'the route to nowhere is in force', clock: systemClock, timeoutMs: 60_000 },
    );
    expect(await ping(midTier, branch)).toBe(true);
    await route(['192.168.2.0/24', 'None'], ['192.168.2.10/32', 'VirtualNetworkGateway']);
    await passes(branch, [routerOf, gateway]);
    expect(await ping(frontend, branch)).toBe(true);
  });
});

async function ping(from: Place, to: Place): Promise<boolean> {
  const { code } = await ports.run(inside(from.namespace, ['ping', '-n', '-q', '-c', '2', '-i', '0.2', '-W', '1', to.addresses[0] ?? '']), {
    okCodes: [0, 1],
  });
  return code === 0;
}
