/**
 * Brings up the cells, as many at once as the peers bear, and writes down what both ends say of it: when it is up, after echoes both ways, and after the peer
 * asked for new keys. Judging is expect-cell.ts.
 */
import { inside } from '@sallyport/lab';
import type { ConnectionObservation } from '@sallyport/model';
import { until } from '@sallyport/runtime';
import type { Cell } from './cells.ts';
import { forEach } from './each.ts';
import type { MatrixGateway } from './gateway.ts';
import { Hold } from './hold.ts';
import type { Peers } from './peers.ts';
import type { Seen, SeenChild } from './seen.ts';

export type Outcome = {
  readonly status: string;
  /** By the peer: when it has settled, and at the end. */
  readonly first: Seen;
  readonly last: Seen;
  readonly echoes: { readonly fromGateway: boolean; readonly fromPeer: boolean; readonly afterRekey: boolean };
  /** By the gateway, when the peer's last reading was made. */
  readonly observed: ConnectionObservation | undefined;
};

/** Milliseconds for each step of a cell. pluto keeps the half of an IKE SA whose initiator went away for 200 s, and it counts as an attempt. */
const patienceMs = 300_000;

/** An outcome for each cell, or why there is none. */
export async function runCells(gateway: MatrixGateway, peers: Peers, cells: readonly Cell[]): Promise<ReadonlyMap<Cell, Outcome | Error>> {
  await peers.start(cells);
  const outcomes = new Map<Cell, Outcome | Error>();
  for (let from = 0; from < cells.length; from += peers.atOnce)
    for (const [cell, outcome] of await runTogether(gateway, peers, cells.slice(from, from + peers.atOnce))) outcomes.set(cell, outcome);
  return outcomes;
}

async function runTogether(gateway: MatrixGateway, peers: Peers, cells: readonly Cell[]): Promise<ReadonlyMap<Cell, Outcome | Error>> {
  const crossing = cells.filter(({ begins }) => begins === 'both');
  await using hold = await Hold.place(
    gateway.session,
    crossing.map(({ publicAddress }) => publicAddress),
  );
  await forEach(cells, 8, (cell) =>
    gateway.connect({
      ...cell,
      policy: cell.policyClass.policy,
      properties: { ...peers.connectionProperties(cell), connectionMode: cell.begins === 'peer' ? 'ResponderOnly' : 'Default' },
    }),
  );
  await forEach(
    cells.filter(({ begins }) => begins !== 'gateway'),
    4,
    (cell) => peers.begin(cell),
  );
  await waitUntilBothHaveBegun(gateway, peers, crossing);
  await hold.release();

  const outcomes = new Map<Cell, Outcome | Error>();
  await forEach(cells, 8, async (cell) => {
    const outcome = follow(gateway, peers, cell).catch(
      async (error: unknown) =>
        new Error(`${String(error)}\nthe peer's log ends:\n${await peers.log(cell).catch(String)}`, { cause: error }),
    );
    outcomes.set(cell, await outcome);
  });
  return outcomes;
}

/** The gateway's own view of a cell, as soon as it is what the peer says; the last one, to be judged, when it never is. */
async function observe(gateway: MatrixGateway, { name }: Cell, { children }: Seen): Promise<ConnectionObservation | undefined> {
  const spis = children.map(({ spiIn }) => spiIn).join();
  let seen: ConnectionObservation | undefined;
  const read = async (): Promise<boolean> => {
    seen = (await gateway.observed()).get(name);
    return spisInUse(seen).join() === spis;
  };
  const { clock } = gateway.session.ports;
  await until(read, Boolean, { because: 'both ends name the same SAs', clock, timeoutMs: 60_000, everyMs: 1000 }).catch(() => {});
  return seen;
}

/** Of the CHILD SAs that carry packets to the peer: there they are the inbound ones. */
export function spisInUse(observation: ConnectionObservation | undefined): readonly string[] {
  const children = observation?.ikeSas.flatMap(({ childSas }) => childSas) ?? [];
  return children.filter(({ state }) => state === 'INSTALLED').map(({ outboundSpi }) => outboundSpi);
}

/** Both have sent their first packet and neither has an answer. */
async function waitUntilBothHaveBegun(gateway: MatrixGateway, peers: Peers, cells: readonly Cell[]): Promise<void> {
  const { clock } = gateway.session.ports;
  await forEach(cells, 4, async (cell) => {
    await until(() => peers.hasBegun(cell), Boolean, { because: `the peer of ${cell.name} has begun`, clock, timeoutMs: patienceMs });
  });
  await until(
    () => gateway.observed(),
    (seen) => cells.every(({ name }) => seen.get(name)?.ikeSas.some(({ isInitiator, state }) => isInitiator && state === 'CONNECTING')),
    { because: 'the gateway has begun with all peers that have', clock, timeoutMs: patienceMs, everyMs: 500 },
  );
}

async function follow(gateway: MatrixGateway, peers: Peers, cell: Cell): Promise<Outcome> {
  const wait = { clock: gateway.session.ports.clock, timeoutMs: patienceMs, everyMs: 200 };
  await until(
    () => gateway.status(cell.name),
    (status) => status === 'Connected',
    { because: `${cell.name} is Connected`, ...wait },
  );
  const isSettled = ({ ikes, children, attempts }: Seen): boolean => ikes.length === 1 && children.length === 1 && attempts === 0;
  const first = await until(() => peers.read(cell), isSettled, { because: `the peer of ${cell.name} has one SA of each kind`, ...wait });
  const fromGateway = await ping(gateway, peers.hostAddress(cell));
  const [vm = ''] = gateway.vm.addresses;
  const fromPeer = await peers.ping(cell, vm);
  await peers.rekey(cell);
  const oldSpi = first.children[0]?.spiIn ?? '';
  const isAnother = ({ spiIn }: SeenChild): boolean => spiIn !== oldSpi;
  await until(
    () => peers.read(cell),
    ({ children }) => children.some(isAnother),
    { because: `the CHILD SA of ${cell.name} is another than ${oldSpi}`, ...wait },
  );
  const afterRekey = (await ping(gateway, peers.hostAddress(cell))) && (await peers.ping(cell, vm));
  // In IKEv1 the former ends when the peer is seen to use the new one.
  const last = await until(
    () => peers.read(cell),
    (seen) => isSettled(seen) && seen.children.every(isAnother),
    { because: `the former CHILD SA of ${cell.name} is ended`, ...wait },
  );
  return {
    status: await gateway.status(cell.name),
    first,
    last,
    echoes: { fromGateway, fromPeer, afterRekey },
    observed: await observe(gateway, cell, last),
  };
}

async function ping(gateway: MatrixGateway, target: string): Promise<boolean> {
  const argv = ['ping', '-q', '-n', '-c', '3', '-i', '0.2', '-W', '5', target];
  const { stdout } = await gateway.session.ports.run(inside(gateway.vm.namespace, argv), { okCodes: [0, 1] });
  return stdout.includes(' 0% packet loss');
}
