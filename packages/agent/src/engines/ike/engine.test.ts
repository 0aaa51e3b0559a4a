/** The whole engine on a simulated host: what it sends to charon, what it leaves alone, what it says. */
import { existsSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { InstancePlan, TunnelPlan } from '@sallyport/model';
import type { FakeCharon, FakePeerAnswer } from '@sallyport/protocols';
import { Secret, silentLogger, systemClock, until } from '@sallyport/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeHost } from '../../fake-host/fake-host.ts';
import { samplePlan, sampleTunnel, type KeyedTunnel } from '../../sample-plan.ts';
import type { EngineContext, InstanceEngine } from '../engine.ts';
import { charonFiles } from './charon.ts';
import { createIkeEngine, type IkeEngineOptions } from './engine.ts';

const signal = new AbortController().signal;
const namespace = 'gw-hq-0';
const [sample] = samplePlan([]).instances;

const tunnel = (
  name: string,
  change: { readonly key?: number; readonly ike?: Partial<TunnelPlan['ike']>; readonly reset?: number } = {},
): KeyedTunnel => {
  const number = name.charCodeAt(0) - 96;
  const made = sampleTunnel({ name, address: `198.51.100.${20 + number}`, prefixes: [], keyVersion: change.key ?? 1 }, number);
  return { ...made, ike: { ...made.ike, ...change.ike }, resetEpoch: change.reset ?? 0 };
};
const plan = (...tunnels: readonly TunnelPlan[]): InstancePlan => {
  if (sample === undefined) throw new Error('the sample plan has no instance');
  return { ...sample, tunnels };
};

describe('the IKE engine', () => {
  let host: FakeHost;
  let context: EngineContext;
  let answers: Map<string, FakePeerAnswer>;
  let missingSecrets: Set<string>;
  let engines: (InstanceEngine & AsyncDisposable)[];

  beforeEach(async () => {
    answers = new Map();
    missingSecrets = new Set();
    engines = [];
    host = new FakeHost({ peers: { answer: (name) => answers.get(name) ?? 'accepts', handshakeMs: 5 } });
    await host.run(['ip', 'netns', 'add', `${host.paths.namespacePrefix}${namespace}`]);
    context = {
      run: host.run,
      daemons: host.daemons,
      clock: systemClock,
      log: silentLogger,
      paths: host.paths,
      secret: (reference) =>
        missingSecrets.has(reference.id)
          ? Promise.reject(new Error('the control plane is away'))
          : Promise.resolve(new Secret(`${reference.id}@${reference.version}`)),
      wake: () => {},
      report: () => {},
    };
  });
  afterEach(async () => {
    for (const engine of engines) await engine[Symbol.asyncDispose]();
    await host[Symbol.asyncDispose]();
  });

  const createEngine = (options: Partial<IkeEngineOptions> = {}): InstanceEngine & AsyncDisposable => {
    const engine = createIkeEngine(context, { variant: 'xfrmd', ...options });
    engines.push(engine);
    return engine;
  };
  const charon = async (): Promise<FakeCharon> => {
    const found = await host.charon(namespace);
    if (found === undefined) throw new Error('no charon');
    return found;
  };
  const statuses = async (engine: InstanceEngine, instance: InstancePlan): Promise<Readonly<Record<string, string>>> => {
    const { connections } = await engine.observe(instance);
    const nameOf = new Map(instance.tunnels.map((one) => [one.connection, one.name]));
    return Object.fromEntries(connections.map((seen) => [nameOf.get(seen.connection) ?? '', seen.status]));
  };
  const settle = (engine: InstanceEngine, instance: InstancePlan, expected: Readonly<Record<string, string>>): Promise<unknown> =>
    until(
      () => statuses(engine, instance),
      (seen) => Object.entries(expected).every(([name, status]) => seen[name] === status),
      { because: `statuses are ${JSON.stringify(expected)}`, clock: systemClock, timeoutMs: 5000, everyMs: 10 },
    );
  const changed = async (engine: InstanceEngine, instance: InstancePlan): Promise<readonly string[]> => {
    const fake = await charon();
    const before = fake.mutations.length;
    expect(await engine.reconcile(instance, signal)).toEqual([]);
    return fake.mutations.slice(before).filter((mutation) => !mutation.startsWith('initiate'));
  };

  it('brings tunnels up, and then has nothing more to do', async () => {
    const engine = createEngine();
    const instance = plan(tunnel('a'), tunnel('b'));
    expect(await engine.reconcile(instance, signal)).toEqual([]);
    await settle(engine, instance, { a: 'Connected', b: 'Connected' });
    const before = (await charon()).mutations.length;
    await engine.reconcile(instance, signal);
    await engine.reconcile(instance, signal);
    expect((await charon()).mutations.slice(before)).toEqual([]);
  });

  it.each([
    ['its key', tunnel('b', { key: 2 })],
    ['a parameter', tunnel('b', { ike: { lifetimeSeconds: 3600 } })],
    ['its reset epoch', tunnel('b', { reset: 1 })],
  ])('changes %s for one connection and sends nothing about the others', async (_what, b) => {
    const engine = createEngine();
    await engine.reconcile(plan(tunnel('a'), tunnel('b'), tunnel('c')), signal);
    await settle(engine, plan(tunnel('a'), tunnel('b'), tunnel('c')), { a: 'Connected', b: 'Connected', c: 'Connected' });
    expect(await changed(engine, plan(tunnel('a'), b, tunnel('c')))).toEqual([
      'unload-shared b',
      'load-conn b',
      'terminate b',
      'load-shared b',
    ]);
    await settle(engine, plan(tunnel('a'), b, tunnel('c')), { a: 'Connected', b: 'Connected', c: 'Connected' });
  });

  it('takes a key that is rotated without touching the tunnel, until the old one is no longer accepted', async () => {
    const clock = { ...systemClock, now: () => systemClock.now() + ahead };
    let ahead = 0;
    context = { ...context, clock };
    const engine = createEngine();
    await engine.reconcile(plan(tunnel('a')), signal);
    await settle(engine, plan(tunnel('a')), { a: 'Connected' });
    const acceptedUntil = new Date(clock.now() + 60_000).toISOString();
    const rotating = plan(tunnel('a', { key: 2, ike: { previousSharedKey: { ...tunnel('a').ike.sharedKey, acceptedUntil } } }));
    expect(await changed(engine, rotating)).toEqual([]);
    expect((await engine.observe(rotating)).connections).toMatchObject([{ status: 'Connected', sharedKeyVersion: 1 }]);
    ahead = 61_000;
    expect(await changed(engine, rotating)).toEqual(['unload-shared a', 'load-conn a', 'terminate a', 'load-shared a']);
  });

  it('tries the other key of a rotation when the peer refuses the one', async () => {
    const engine = createEngine();
    answers.set('a', 'wrong-key');
    const previousSharedKey = { ...tunnel('a').ike.sharedKey, acceptedUntil: '2999-01-01T00:00:00Z' };
    const rotating = plan(tunnel('a', { key: 2, ike: { previousSharedKey } }));
    await engine.reconcile(rotating, signal);
    const versions = async (): Promise<number | undefined> => (await engine.observe(rotating)).connections[0]?.sharedKeyVersion;
    await until(versions, (version) => version === 1, { because: 'the old key is loaded', clock: systemClock, timeoutMs: 5000 });
    await until(versions, (version) => version === 2, { because: 'the new one is tried again', clock: systemClock, timeoutMs: 5000 });
    answers.delete('a');
    await settle(engine, rotating, { a: 'Connected' });
    expect((await charon()).mutations.filter((mutation) => mutation.startsWith('load-conn'))).toHaveLength(1);
  });

  it('removes one and adds another', async () => {
    const engine = createEngine();
    await engine.reconcile(plan(tunnel('a'), tunnel('b')), signal);
    await settle(engine, plan(tunnel('a'), tunnel('b')), { a: 'Connected', b: 'Connected' });
    expect(await changed(engine, plan(tunnel('a'), tunnel('c')))).toEqual([
      'unload-shared b',
      'unload-conn b',
      'terminate b',
      'load-conn c',
      'load-shared c',
    ]);
    await settle(engine, plan(tunnel('a'), tunnel('c')), { a: 'Connected', c: 'Connected' });
  });

  it('comes to the same whatever the order of the plans', async () => {
    const states = [
      plan(),
      plan(tunnel('a')),
      plan(tunnel('a', { key: 2 }), tunnel('b')),
      plan(tunnel('b'), tunnel('c', { reset: 3 })),
      plan(tunnel('c')),
    ];
    const engine = createEngine();
    const printed = new Map<number, string>();
    let random = 20_261_121;
    for (let turn = 0; turn < 30; turn += 1) {
      random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
      const index = random % states.length;
      const state = states[index] ?? plan();
      expect(await engine.reconcile(state, signal)).toEqual([]);
      const text = await host.printHost();
      expect(printed.get(index) ?? text).toBe(text);
      printed.set(index, text);
    }
    expect(printed.size).toBe(states.length);
  });

  it('finds a running charon after its own restart and touches nothing', async () => {
    const instance = plan(tunnel('a'));
    const first = createEngine();
    await first.reconcile(instance, signal);
    await settle(first, instance, { a: 'Connected' });
    await first[Symbol.asyncDispose]();
    const second = createEngine();
    const before = (await charon()).mutations.length;
    expect(await second.reconcile(instance, signal)).toEqual([]);
    await settle(second, instance, { a: 'Connected' });
    expect((await charon()).mutations.slice(before)).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7])('heals a change that was cut off after %i steps', async (steps) => {
    const first = createEngine();
    await first.reconcile(plan(tunnel('a'), tunnel('b'), tunnel('c')), signal);
    await settle(first, plan(tunnel('a'), tunnel('b'), tunnel('c')), { a: 'Connected', b: 'Connected', c: 'Connected' });
    const oldSa = (await first.observe(plan(tunnel('a')))).connections[0]?.ikeSas[0]?.uniqueId;
    const wanted = plan(tunnel('a', { key: 2 }), tunnel('c'));
    (await charon()).breakAfter(steps);
    await first.reconcile(wanted, signal).catch(() => undefined);
    await first[Symbol.asyncDispose]();
    const second = createEngine();
    expect(await second.reconcile(wanted, signal)).toEqual([]);
    await settle(second, wanted, { a: 'Connected', c: 'Connected' });
    const seen = (await second.observe(wanted)).connections;
    expect(seen[0]?.ikeSas.map((sa) => sa.uniqueId)).not.toContain(oldSa);
    expect(await changed(second, wanted)).toEqual([]);
  });

  it('moves a log that has grown aside', async () => {
    const engine = createEngine();
    await engine.reconcile(plan(), signal);
    const { logFile } = charonFiles(host.paths, namespace);
    truncateSync(logFile, 9 * 1024 * 1024);
    await engine.reconcile(plan(), signal);
    expect([statSync(logFile).size, statSync(`${logFile}.old`).size, statSync(logFile).mode & 0o777]).toEqual([0, 9 * 1024 * 1024, 0o600]);
  });

  it('gives up an unanswered attempt once the peer has come by itself', async () => {
    answers.set('a', 'silent');
    const engine = createEngine();
    const instance = plan(tunnel('a'));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, { a: 'Connecting' });
    (await charon()).peerConnects('a');
    const seen = await until(
      async () => (await engine.observe(instance)).connections[0],
      (one) => one?.ikeSas.length === 1,
      { because: 'only the SA of the peer is left', clock: systemClock, timeoutMs: 5000, everyMs: 10 },
    );
    expect(seen).toMatchObject({ status: 'Connected', ikeSas: [{ isInitiator: false }] });
  });

  it('starts a killed charon again and fills it', async () => {
    const engine = createEngine();
    const instance = plan(tunnel('a'), tunnel('b'));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, { a: 'Connected', b: 'Connected' });
    for (const { pid, name } of host.daemons.list()) if (name === 'charon-systemd') await host.daemons.kill(pid);
    const { engines: seen, connections } = await engine.observe(instance);
    expect(seen).toMatchObject([{ name: 'charon', isHealthy: false }]);
    expect(connections[0]).toMatchObject({ status: 'NotConnected', reason: { code: 'EngineDown' } });
    expect(await engine.reconcile(instance, signal)).toEqual([]);
    await settle(engine, instance, { a: 'Connected', b: 'Connected' });
  });

  it('lets no silent or refusing peer hold up another, and says what is wrong', async () => {
    answers.set('a', 'silent').set('b', 'wrong-key').set('c', 'no-esp-proposal').set('d', 'selectors-refused').set('e', 'no-ike-proposal');
    const engine = createEngine();
    const instance = plan(...'abcdef'.split('').map((name) => tunnel(name)));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, {
      a: 'Connecting',
      b: 'NotConnected',
      c: 'NotConnected',
      d: 'NotConnected',
      e: 'NotConnected',
      f: 'Connected',
    });
    const { connections } = await engine.observe(instance);
    expect(connections.map((seen) => seen.reason?.code)).toEqual([
      undefined,
      'WrongKey',
      'NoCommonEspProposal',
      'SelectorsRefused',
      'NoCommonIkeProposal',
      undefined,
    ]);
    answers.set('b', 'accepts');
    await settle(engine, instance, { b: 'Connected' });
  });

  it('starts again what the peer closed', async () => {
    const engine = createEngine();
    const instance = plan(tunnel('a'));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, { a: 'Connected' });
    (await charon()).peerDeletes('a');
    expect((await engine.observe(instance)).connections[0]).toMatchObject({
      status: 'NotConnected',
      reason: { code: 'PeerDeleted', message: expect.stringMatching(/closed the tunnel/) as unknown },
    });
    await settle(engine, instance, { a: 'Connected' });
  });

  it('waits for the peer where it only responds', async () => {
    const engine = createEngine();
    const instance = plan(tunnel('a', { ike: { initiates: false } }));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, { a: 'NotConnected' });
    expect((await engine.observe(instance)).connections[0]?.reason?.message).toMatch(/only responds/);
    expect((await charon()).mutations).not.toContainEqual(expect.stringMatching(/^initiate/));
    (await charon()).peerConnects('a');
    await settle(engine, instance, { a: 'Connected' });
  });

  it('starts nothing when a connection that was up turns to only responding', async () => {
    const engine = createEngine();
    const [ours, theirs] = [plan(tunnel('a')), plan(tunnel('a', { ike: { initiates: false } }))];
    for (let round = 0; round < 10; round += 1) {
      await engine.reconcile(ours, signal);
      await settle(engine, ours, { a: 'Connected' });
      const { mutations } = await charon();
      const before = mutations.length;
      await engine.reconcile(theirs, signal);
      // The end of its SA has woken whoever starts tunnels.
      await settle(engine, theirs, { a: 'NotConnected' });
      expect(mutations.slice(before).filter((mutation) => mutation.startsWith('initiate'))).toEqual([]);
    }
  });

  it('ends what a peer opens where it only initiates', async () => {
    answers.set('a', 'silent');
    const engine = createEngine();
    const instance = plan(tunnel('a', { ike: { responds: false } }));
    await engine.reconcile(instance, signal);
    const fake = await charon();
    const before = fake.mutations.length;
    fake.peerConnects('a');
    await until(
      async () => (await engine.observe(instance)).connections[0]?.ikeSas ?? [],
      (sas) => sas.every((sa) => sa.isInitiator),
      { because: 'the foreign SA is ended', clock: systemClock, timeoutMs: 5000, everyMs: 10 },
    );
    expect(fake.mutations.slice(before)).toContain('terminate');
  });

  it('is content with the SA a peer opened, and with two after both started at once', async () => {
    const engine = createEngine();
    const instance = plan(tunnel('a'));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, { a: 'Connected' });
    const fake = await charon();
    fake.peerConnects('a');
    const before = fake.mutations.length;
    await engine.reconcile(instance, signal);
    expect((await engine.observe(instance)).connections[0]?.ikeSas).toHaveLength(2);
    expect(fake.mutations.slice(before)).toEqual([]);
  });

  it('reports a connection that charon refuses and loads the others', async () => {
    const engine = createEngine();
    const bad = tunnel('a', { ike: { offers: [{ encryption: 'ROT13', integrity: 'SHA1', dhGroup: 'DHGroup2' }] } });
    const failures = await engine.reconcile(plan(bad, tunnel('b')), signal);
    expect(failures).toEqual([
      {
        resource: bad.connection,
        code: 'ConnectionRefusedByEngine',
        message: 'charon did not load connection a: load-conn: invalid value for: proposals, config discarded',
      },
    ]);
    await settle(engine, plan(tunnel('b')), { b: 'Connected' });
  });

  it('leaves a connection up whose key can’t be had', async () => {
    const engine = createEngine();
    const instance = plan(tunnel('a'), tunnel('b'));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, { a: 'Connected', b: 'Connected' });
    missingSecrets.add(tunnel('a').ike.sharedKey.id);
    const fake = await charon();
    const before = fake.mutations.length;
    expect(await engine.reconcile(instance, signal)).toEqual([
      {
        resource: tunnel('a').connection,
        code: 'ConnectionNotLoaded',
        message: 'connection a is left as it is: the control plane is away',
      },
    ]);
    expect(fake.mutations.slice(before)).toEqual([]);
  });

  it('keeps the address in use of a peer given by name, while the name has it', async () => {
    let addresses = ['198.51.100.31', '198.51.100.32'];
    const resolve = (): Promise<{ readonly addresses: readonly string[] }> => Promise.resolve({ addresses });
    const instance = plan(tunnel('a', { ike: { remoteAddress: 'vpn.contoso.example', remoteId: '%any' } }));
    const first = createEngine({ resolve });
    await first.reconcile(instance, signal);
    await settle(first, instance, { a: 'Connected' });
    expect((await first.observe(instance)).connections[0]?.ikeSas[0]?.remoteAddress).toBe('198.51.100.31');
    addresses = ['198.51.100.32', '198.51.100.31'];
    expect(await changed(createEngine({ resolve }), instance)).toEqual([]);
    addresses = [];
    expect(await changed(createEngine({ resolve: () => Promise.reject(new Error('SERVFAIL')) }), instance)).toEqual([]);
  });

  it('names the peer whose name has no address', async () => {
    const engine = createEngine({ resolve: () => Promise.reject(new Error('ENOTFOUND')) });
    const a = tunnel('a', { ike: { remoteAddress: 'vpn.contoso.example', remoteId: '%any' } });
    expect(await engine.reconcile(plan(a), signal)).toMatchObject([
      { message: expect.stringMatching(/vpn\.contoso\.example has no known address/) as unknown },
    ]);
  });

  it('writes no key anywhere, and leaves nothing behind', async () => {
    const engine = createEngine();
    const instance = plan(tunnel('a'));
    await engine.reconcile(instance, signal);
    await settle(engine, instance, { a: 'Connected' });
    const folder = join(host.paths.runDirectory, namespace);
    const texts = readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [readFileSync(join(folder, entry.name), 'utf8')] : [],
    );
    expect(texts.join('\n')).not.toContain(`${tunnel('a').ike.sharedKey.id}@1`);
    await engine.remove(namespace);
    await createEngine().remove(namespace);
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(join(host.paths.stateDirectory, 'ike-counters', `${namespace}.json`))).toBe(false);
    expect(host.daemons.list()).toEqual([]);
  });

  it('still says why a peer was refused when what it calls itself was learned from that, and forgets it with a change of the plan', async () => {
    const engine = createEngine();
    const only = plan(tunnel('a', { ike: { initiates: false } }));
    await engine.reconcile(only, signal);
    const lines = [
      '198.51.100.21 is initiating an IKE_SA',
      'looking for peer configs matching 198.51.100.10[%any]...198.51.100.21[100.64.1.11]',
      'no matching peer config found',
    ];
    for (const line of lines) (await charon()).say(line, '7');
    const reasonOf = async (instance: InstancePlan) => (await engine.observe(instance)).connections[0]?.reason?.code;
    const refused = { because: 'the refusal is told', clock: systemClock, timeoutMs: 5000, everyMs: 10 };
    await until(
      () => reasonOf(only),
      (code) => code === 'WrongIdentity',
      refused,
    );
    expect(await changed(engine, only)).toContain('load-conn a');
    expect(await reasonOf(only)).toBe('WrongIdentity');
    const other = plan(tunnel('a', { key: 2, ike: { initiates: false } }));
    await engine.reconcile(other, signal);
    expect(await reasonOf(other)).toBe('PeerSilent');
  });
});
