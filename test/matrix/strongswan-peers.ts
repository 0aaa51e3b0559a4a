/** A stock strongSwan for each cell, as the lab makes it, and what its swanctl prints. */
import { addSite, deviceLog, findPlace, inside, startDevice, swanctl, writeDeviceConfig } from '@sallyport/lab';
import type { LabSession } from '@sallyport/lab';
import type { Cell } from './cells.ts';
import { forEach } from './each.ts';
import { sharedKey, vnetPrefix } from './gateway.ts';
import type { MatrixGateway } from './gateway.ts';
import type { Peers } from './peers.ts';
import { parseSas } from './swanctl-list.ts';

type Settings = { readonly ike: string; readonly esp: string; readonly sharedKey?: string };

/** Makes site and device; it waits until it is told to begin. */
export async function startStrongswan(
  { session, publicAddress }: MatrixGateway,
  cell: Pick<Cell, 'name' | 'publicAddress' | 'prefix' | 'version'>,
  settings: Settings,
): Promise<void> {
  const { ports, fabric } = session;
  await addSite(ports, fabric, { name: cell.name, prefixes: [cell.prefix], publicAddress: cell.publicAddress });
  writeDeviceConfig(fabric, cell.name, {
    localAddress: cell.publicAddress,
    remoteAddress: publicAddress,
    ikeVersion: cell.version,
    ikeProposals: [settings.ike],
    espProposals: [settings.esp],
    sharedKey: settings.sharedKey ?? sharedKey,
    selectors: [{ local: [cell.prefix], remote: [vnetPrefix] }],
    initiates: false,
  });
  await startDevice(ports, fabric, { name: cell.name });
}

/** swanctl(8) waits for nothing when the time it has is less than none. */
export async function initiate({ ports, fabric }: LabSession, name: string, child = 'net1'): Promise<void> {
  await swanctl(ports, fabric, name, ['--initiate', '--child', child, '--timeout', '-1']);
}

export function strongswanPeers(gateway: MatrixGateway): Peers {
  const { session } = gateway;
  const { ports, fabric } = session;
  const list = async ({ name }: Cell): Promise<string> => (await swanctl(ports, fabric, name, ['--list-sas'])).stdout;
  const host = ({ name }: Cell): ReturnType<typeof findPlace> => findPlace(fabric, `${name}-host`);
  return {
    atOnce: Infinity,
    connectionProperties: () => ({}),
    start: (cells) => forEach(cells, 4, (cell) => startStrongswan(gateway, cell, cell.policyClass.strongswan)),
    begin: ({ name }) => initiate(session, name),
    hasBegun: async (cell) => /, CONNECTING, IKEv[12], [0-9a-f]+_i\*/.test(await list(cell)),
    read: async (cell) => parseSas(await list(cell)),
    rekey: async ({ name }) => {
      await swanctl(ports, fabric, name, ['--rekey', '--child', 'net1']);
    },
    ping: async (cell, target) => {
      const argv = ['ping', '-q', '-n', '-c', '3', '-i', '0.2', '-W', '5', target];
      return (await ports.run(inside(host(cell).namespace, argv), { okCodes: [0, 1] })).stdout.includes(' 0% packet loss');
    },
    hostAddress: (cell) => host(cell).addresses[0] ?? '',
    // The devices are the lab's, which ends them with itself.
    [Symbol.asyncDispose]: () => Promise.resolve(),
    log: async ({ name }) => deviceLog(fabric, name).split('\n').slice(-25).join('\n'),
  };
}
