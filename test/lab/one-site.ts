/**
 * One scenario with one site, changed step by step as its two administrators would: the connection through the API, the device
 * through its own configuration. Also what the two say of the tunnel. What must hold is the tests'.
 */
import {
  buildScenario,
  connectSdk,
  deleteResource,
  findPlace,
  inside,
  loadScenario,
  member,
  putResource,
  reloadDevice,
  swanctl,
  writeDeviceConfig,
} from '@sallyport/lab';
import type { DeviceConfig, LabSession, Place, Scenario } from '@sallyport/lab';
import type { ConnectionObservation, JsonObject } from '@sallyport/model';
import { systemClock, until } from '@sallyport/runtime';
import { observedConnections, ports } from './up-process.ts';

export type OneSite = {
  readonly session: LabSession;
  readonly scenario: Scenario;
  /** Id of the connection. */
  readonly connection: string;
  readonly vm: (name: string) => Place;
  readonly device: Place;
  readonly host: Place;
};

export async function buildOneSite(session: LabSession, name: string): Promise<OneSite> {
  const scenario = loadScenario(name, session.arm.file.subscriptionId);
  await buildScenario(session, scenario);
  return {
    session,
    scenario,
    connection: scenario.expect[0]?.connection ?? '',
    vm: (vm) => findPlace(session.fabric, vm),
    device: findPlace(session.fabric, 'site1'),
    host: findPlace(session.fabric, 'site1-host'),
  };
}

/** Properties are changed; with `anew` the connection is deleted first, as a change of its protocol needs. */
export async function changeConnection(
  { session, scenario, connection }: Pick<OneSite, 'session' | 'scenario' | 'connection'>,
  change: JsonObject,
  anew = false,
): Promise<void> {
  const sdk = await connectSdk(session.arm.file);
  const body = bodyOf(scenario, connection);
  if (anew) await deleteResource(sdk, connection);
  await putResource(sdk, connection, { ...body, properties: { ...propertiesOf(body), ...change } });
}

/** The device as the scenario has it, with a change; it starts what it should start. */
export async function changeDevice(site: OneSite, change: Partial<DeviceConfig> = {}): Promise<void> {
  const { session, scenario } = site;
  const device = scenario.sites[0]?.device;
  if (device?.kind !== 'strongswan') throw new Error('the scenario has no strongSwan');
  const [publicAddress = ''] = findPlace(session.fabric, 'hq-gateway/IN_0').addresses;
  const key = member(bodyOf(scenario, site.connection), 'properties', 'sharedKey');
  writeDeviceConfig(session.fabric, 'site1', {
    ...device,
    localAddress: site.device.addresses[0] ?? '',
    remoteAddress: publicAddress,
    sharedKey: typeof key === 'string' ? key : '',
    ...change,
  });
  await swanctl(session.ports, session.fabric, 'site1', ['--terminate', '--ike', 'azure', '--timeout', '5']).catch(() => undefined);
  await reloadDevice(session.ports, session.fabric, 'site1');
}

function bodyOf({ resources }: Scenario, id: string): JsonObject {
  return resources.find(({ put }) => put === id)?.body ?? {};
}

function propertiesOf(body: JsonObject): JsonObject {
  return body['properties'] as JsonObject; // a scenario's resources have them
}

/** Gives a place more addresses, so that it is in more networks. */
export async function addAddress(place: Place, device: string, address: string): Promise<void> {
  await ports.run(inside(place.namespace, ['ip', 'address', 'replace', address, 'dev', device]));
}

/** Echoes until one is answered: on a busy machine single packets get lost before they reach a tunnel. */
export async function reaches(from: Place, target: string, source?: string): Promise<void> {
  await until(
    () => ping(from, target, source, 2),
    (answered) => answered > 0,
    { because: `${from.name} reaches ${target}${source === undefined ? '' : ` from ${source}`}`, clock: systemClock, timeoutMs: 20_000 },
  );
}

/** How many of `count` echoes come back. */
export async function ping(from: Place, target: string, source?: string, count = 5): Promise<number> {
  const options = source === undefined ? [] : ['-I', source];
  const argv = ['ping', '-n', '-i', '0.1', '-W', '1', '-c', `${count}`, ...options, target];
  const { stdout } = await ports.run(inside(from.namespace, argv), { okCodes: [0, 1] });
  return Number(/(\d+) received/.exec(stdout)?.[1] ?? 0);
}

export async function observed({ session, connection }: OneSite): Promise<ConnectionObservation> {
  const found = (await observedConnections(session)).find((one) => one.connection.toLowerCase() === connection.toLowerCase());
  if (found === undefined) throw new Error(`${connection} is not observed`);
  return found;
}

/** `ours to theirs: packets in/out` of every child SA of the gateway. */
export function childTraffic(seen: ConnectionObservation): Readonly<Record<string, { readonly in: number; readonly out: number }>> {
  return Object.fromEntries(
    seen.ikeSas
      .flatMap(({ childSas }) => childSas)
      .map((child) => [
        `${child.localSelectors.join()} to ${child.remoteSelectors.join()}`,
        { in: child.packetsIn, out: child.packetsOut },
      ]),
  );
}
