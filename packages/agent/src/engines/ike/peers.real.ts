/** What a peer may ask of us and prove to us, on a real charon: whose key opens which connection. */
import { readFileSync } from 'node:fs';
import type { InstancePlan, TunnelPlan } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import { systemClock, until } from '@sallyport/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { charonFiles } from './charon.ts';
import { configurePeer, peerAddress, peerInside, Testbed, tunnelTo } from './testbed.ts';

describe('a peer of the IKE engine', () => {
  let testbed: Testbed;
  const peers = new Map<string, ViciSession>();

  beforeAll(async () => {
    testbed = await Testbed.create(`peer${process.pid}`);
    for (const name of ['a', 'b']) {
      await testbed.addMachine(name, peerAddress(name), peerInside(name));
      peers.set(name, await testbed.startPeer(name));
    }
  });
  afterAll(() => testbed[Symbol.asyncDispose]());

  it.for([1, 2] as const)('does not get in with the key of another connection, IKEv%i', async (version) => {
    const keyed = (name: string): TunnelPlan => {
      const id = `key-of-${name}`;
      testbed.keys.set(`${id}@1`, `The.Key.Of.${name}`);
      return tunnelTo(name, { ike: { version, initiates: false, sharedKey: { id, version: 1 } } });
    };
    const instance: InstancePlan = testbed.instance([keyed('a'), keyed('b')]);
    await using engine = testbed.createEngine();
    await testbed.pass(engine, testbed.instance([]));
    await testbed.pass(engine, instance);
    await using _driver = testbed.drive(engine, () => instance);
    const logFile = charonFiles(testbed.context.paths, 'gw-hq-0').logFile;
    const already = readFileSync(logFile, 'utf8').length;
    const log = (): string => readFileSync(logFile, 'utf8').slice(already);
    const peer = peers.get('a');
    if (peer === undefined) throw new Error('no peer a');
    await configurePeer(peer, 'a', { version: `${version}`, key: 'The.Key.Of.b' });
    await peer.initiate({ ike: 'gw', child: 'net', timeoutMs: 5000 }).catch(() => undefined);
    await until(
      () => log(),
      (text) => /MAC mismatched|no shared key found|decryption failed/.test(text),
      { because: 'the key of b is refused', clock: systemClock },
    );
    // A peer that did not look at our own proof would have got in otherwise.
    expect(log()).not.toContain(`authentication of '${peerAddress('a')}' with pre-shared key successful`);
    expect((await engine.observe(instance)).connections.map(({ status }) => status)).not.toContain('Connected');
  });
});
