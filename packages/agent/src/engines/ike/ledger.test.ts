/** What is written down when a tunnel goes and is back at once: its end, with its reason, from SAs that are older than the log that was read. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@sallyport/runtime';
import { afterAll, expect, it } from 'vitest';
import { sampleTunnel } from '../../sample-plan.ts';
import { testPaths } from '../../test-paths.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { createReasonTracker, type ReasonTracker } from './reason-tracker.ts';
import { sampleSa } from './sample-sas.ts';

const directory = mkdtempSync(join(tmpdir(), 'sallyport-ledger-'));
afterAll(() => rmSync(directory, { recursive: true }));
const peer = '203.0.113.2';
const tunnel = sampleTunnel({ name: 'hq', address: peer, prefixes: [], keyVersion: 1 }, 1);
const up = 'CHILD_SA hq{1} established with SPIs c1_i c2_o and TS 0.0.0.0/0 === 0.0.0.0/0';

function setUp(): {
  readonly ledger: Ledger;
  readonly clock: ManualClock;
  readonly say: (message: string) => void;
  readonly told: string[];
} {
  const clock = new ManualClock();
  const reasons: ReasonTracker = createReasonTracker();
  const told: string[] = [];
  const ledger = openLedger({
    context: { clock, paths: testPaths(mkdtempSync(join(directory, 'run-')), 'sp-') },
    namespace: 'gw-hq-0',
    history: { tunnel: (_name, isUp, reason) => void told.push(isUp ? 'up' : reason), keepOnly: () => {} },
    peerOf: () => peer,
    reasonOf: (_tunnel, address) => reasons.endOf('hq', address)?.message,
  });
  const say = (message: string): void =>
    void reasons.onLog({ group: 'IKE', level: 1, connection: 'hq', ikeSaId: '1', message }, clock.now());
  return { ledger, clock, told, say };
}
const standing = [sampleSa({})];

it('is the reason of the end, where the log of the next beginning was read before the end was seen', async () => {
  const { ledger, clock, say, told } = setUp();
  for (const line of [`initiating IKE_SA hq[1] to ${peer}`, up]) say(line);
  ledger.record(tunnel, standing);
  await clock.advance(5000);
  for (const line of ['received DELETE for IKE_SA hq[1]', up]) say(line);
  ledger.record(tunnel, []);
  ledger.record(tunnel, standing);
  expect(told).toEqual(['up', `peer ${peer} closed the tunnel`, 'up']);
});
