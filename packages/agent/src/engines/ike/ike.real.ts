/** Our engine drives a real charon against stock charon peers, in namespaces: what it makes, what it leaves alone, what it says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIkeEngine } from './engine.ts';
import { configurePeer, Testbed, tunnelTo, untilObserved } from './testbed.ts';

const signal = new AbortController().signal;

describe('the IKE engine on a real charon', () => {
  let testbed: Testbed;
  beforeAll(async () => {
    testbed = await Testbed.create(`ike${process.pid}`);
    await testbed.addMachine('a', '198.51.100.21');
  });
  afterAll(() => testbed[Symbol.asyncDispose]());

  it('brings a tunnel up and reports it in Azure names', async () => {
    const peer = await testbed.startPeer('a');
    await configurePeer(peer, '198.51.100.21');
    await using engine = createIkeEngine(testbed.context, { variant: 'libipsec' });
    const instance = testbed.instance([tunnelTo('a', '198.51.100.21')]);
    expect(await engine.reconcile(instance, signal)).toEqual([]);
    const seen = await untilObserved(engine, instance, 'a', ({ status }) => status === 'Connected', 'the tunnel is up');
    expect(seen.ikeSas).toHaveLength(1);
  });
});
