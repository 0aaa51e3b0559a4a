/**
 * What a host must do with our commands, as one suite for the fake and for Linux: the same passes must leave the same
 * interfaces, routes, rules, parameters and filters, read through the same commands. So the fake can't drift from the kernel.
 */
import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { HostPlan } from '@sallyport/model';
import { silentLogger } from '@sallyport/runtime';
import { createLabFabric } from '../engines/fabric-lab/engine.ts';
import { createFilterEngine } from '../engines/filter/engine.ts';
import { observeTable } from '../engines/marked-table.ts';
import type { EngineContext } from '../engines/engine.ts';
import { createRoutesEngine } from '../engines/routes/engine.ts';
import { createFailureLog } from '../reconcile/failure-log.ts';
import { runPass } from '../reconcile/host-pass.ts';
import type { HostEngines } from '../reconcile/host-pass.ts';
import { listNamespaces, readNamespace, runBatch } from '../reconcile/namespace-commands.ts';
import type { CommandContext } from '../reconcile/namespace-commands.ts';
import { samplePlan } from '../sample-plan.ts';

export type ContractHost = {
  readonly context: Pick<EngineContext, 'run' | 'daemons' | 'paths'>;
  readonly close: () => Promise<void>;
};

const peer = (name: string, number: number) => ({ name, address: `198.51.100.${20 + number}`, prefixes: [`192.168.${number}.0/24`] });
const empty: HostPlan = { host: 'host-1', publicNetworks: [], vnets: [], networkInterfaces: [], instances: [] };
const moved: HostPlan = {
  ...samplePlan([peer('a', 1)]),
  instances: samplePlan([peer('a', 1)]).instances.map((instance) => ({
    ...instance,
    public: { ...instance.public, address: '198.51.100.99', linkId: 7 },
    vnet: { ...instance.vnet, linkId: 1 },
  })),
};
/** Of two tunnels, one starts at the gateway's private address. */
const fromPrivate: HostPlan = {
  ...samplePlan([]),
  instances: samplePlan([peer('a', 1), { ...peer('b', 2), address: '172.16.0.1' }]).instances.map((instance) => ({
    ...instance,
    tunnels: instance.tunnels.map((tunnel) =>
      tunnel.name === 'b' ? { ...tunnel, ike: { ...tunnel.ike, localAddress: '10.1.255.4', localId: '10.1.255.4' } } : tunnel,
    ),
  })),
};
/** A way to the Internet, and a subnet whose routes are its own. */
const routed: HostPlan = {
  ...samplePlan([]),
  vnets: samplePlan([]).vnets.map((vnet) => ({
    ...vnet,
    outbound: { linkId: 9, address: '198.51.100.254', router: '198.51.100.1' },
    routes: vnet.routes.map((route) => (route.prefix === '0.0.0.0/0' ? { ...route, nextHopType: 'Internet' } : route)),
    subnets: vnet.subnets.map((subnet) =>
      subnet.bridgeId === 2
        ? {
            ...subnet,
            routes: [
              { prefix: '0.0.0.0/0', source: 'User', nextHopType: 'None', nextHops: [] },
              { prefix: '10.1.0.0/24', source: 'Default', nextHopType: 'VnetLocal', nextHops: [], subnet: subnet.subnet },
              { prefix: '10.9.0.0/16', source: 'User', nextHopType: 'VirtualAppliance', nextHops: ['10.1.0.4'] },
              { prefix: '203.0.113.0/24', source: 'User', nextHopType: 'Internet', nextHops: [] },
            ],
          }
        : subnet,
    ),
  })),
};

export function hostContract(open: () => ContractHost): void {
  let host: ContractHost;
  beforeEach(() => {
    host = open();
    mkdirSync(host.context.paths.runDirectory, { recursive: true, mode: 0o700 });
  });
  afterEach(() => host.close());

  const engines = (): HostEngines => ({
    fabric: createLabFabric(host.context),
    steps: [
      { engine: createFilterEngine(host.context, true), needs: [] },
      { engine: createRoutesEngine(host.context), needs: [] },
    ],
  });
  const pass = async (plan: HostPlan): Promise<void> => {
    const context = { engines: engines(), paths: host.context.paths, log: silentLogger, failureLog: createFailureLog(silentLogger) };
    expect((await runPass(context, plan, new AbortController().signal)).failures).toEqual([]);
  };

  test('passes from plan to plan leave what is recorded', async () => {
    const steps = {
      empty,
      nic: { ...samplePlan([]), instances: [] },
      one: samplePlan([peer('a', 1)]),
      moved,
      two: samplePlan([peer('b', 2), peer('c', 3)]),
      private: fromPrivate,
      routed,
    };
    for (const [name, plan] of Object.entries(steps)) {
      await pass(plan);
      await expect(JSON.stringify(await readHost(host.context), undefined, 1)).toMatchFileSnapshot(`contract-${name}.golden.txt`);
    }
    await pass(empty);
    expect(await listNamespaces(host.context)).toEqual([]);
  });

  test('a refused line is named and the lines after it are done', async () => {
    await pass({ ...samplePlan([]), instances: [] });
    const lines = [
      'link set dev nothere up',
      'address add 10.1.0.4/24 dev eth0',
      'route replace 10.9.0.0/16 protocol 213 via 10.8.0.1',
      'address add 10.1.0.9/24 dev eth0',
    ];
    const refused = await runBatch(host.context, 'nic-vm1', lines);
    expect(refused.map(({ index, message }) => [index, message])).toEqual([
      [0, 'Cannot find device "nothere"'],
      [1, expect.stringMatching(/File exists|already assigned/)],
      [2, 'Nexthop has invalid gateway'],
    ]);
    const { links } = (await readNamespace(host.context, 'nic-vm1')).reading;
    expect(links.find((link) => link.name === 'eth0')?.addresses).toEqual(['10.1.0.4/24', '10.1.0.9/24']);
  });

  test('deleting one end of a pair takes the other and its routes, and the next pass brings them back', async () => {
    const plan = samplePlan([peer('a', 1)]);
    await pass(plan);
    const before = await readHost(host.context);
    expect(await runBatch(host.context, 'vnet-hq', ['link delete l2'])).toEqual([]);
    const { links, routes } = (await readNamespace(host.context, 'gw-hq-0')).reading;
    expect(links.map((link) => link.name)).not.toContain('vnet');
    expect(routes.map((route) => route.destination)).not.toContain('10.1.0.0/16');
    await pass(plan);
    expect(await readHost(host.context)).toEqual(before);
  });

  test('what the kernel made with an address, and somebody flushed, comes back with all that needs it', async () => {
    const plan = samplePlan([peer('a', 1)]);
    await pass(plan);
    const before = await readHost(host.context);
    const flushed = [
      'route delete 10.1.0.0/16 protocol 213 via 10.1.255.1 dev vnet',
      'route delete 10.1.255.0/27 protocol 2 dev vnet',
      'route delete local 10.1.255.4/32 table 255 protocol 2 dev vnet',
      'route delete local 198.51.100.10/32 table 255 protocol 2 dev public',
      'rule delete priority 32766 from all table 254 protocol 2',
    ];
    expect(await runBatch(host.context, 'gw-hq-0', flushed)).toEqual([]);
    expect(await readHost(host.context)).not.toEqual(before);
    await pass(plan);
    expect(await readHost(host.context)).toEqual(before);
  });

  test('a table that is not there reads as absent', async () => {
    await pass({ ...samplePlan([]), instances: [] });
    expect((await observeTable(host.context, 'nic-vm1')).table).toBeUndefined();
  });

  test('parameters are read with what is read beside them, and those that the kernel has not are left out', async () => {
    await pass({ ...samplePlan([]), instances: [] });
    const asked = ['net.ipv4.ip_forward', 'net.ipv4.sallyport_has_none', 'net.ipv6.conf.all.disable_ipv6'];
    const { reading, sysctls } = await readNamespace(host.context, 'vnet-hq', asked);
    expect(sysctls).toEqual({ 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.disable_ipv6': '1' });
    expect(reading.links.map(({ name }) => name)).toContain('lo');
  });
}

/** Everything our engines look at, in an order that does not depend on history. */
async function readHost(context: CommandContext): Promise<unknown> {
  const names = (await listNamespaces(context)).toSorted();
  return Promise.all(
    names.map(async (namespace) => {
      const { reading, sysctls } = await readNamespace(context, namespace, [
        'net.ipv4.ip_forward',
        'net.ipv6.conf.all.disable_ipv6',
        'net.ipv4.conf.all.rp_filter',
      ]);
      const { links, routes, rules } = reading;
      const { table } = await observeTable(context, namespace);
      return {
        namespace,
        // Indexes follow from history; the kernel numbers them as it likes.
        links: links.map((link) => ({ ...link, index: 0, addresses: link.addresses.toSorted() })).toSorted(byText),
        routes: routes.filter((route) => route.table !== 255).toSorted(byText),
        rules,
        sysctls,
        // Counters are no state that anybody made.
        filter: table === undefined ? undefined : { comments: table.comments, ruleCounts: table.ruleCounts },
      };
    }),
  );
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a).localeCompare(JSON.stringify(b));
}
