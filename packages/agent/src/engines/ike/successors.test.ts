/** When a child that an IKEv1 peer began is followed by ours: once, before charon would make it anew. */
import type { ChildSaObservation } from '@sallyport/model';
import { expect, it } from 'vitest';
import { sampleTunnel } from '../../sample-plan.ts';
import { sampleChild, sampleSa } from './sample-sas.ts';
import type { CharonSa } from './observe.ts';
import { createSuccessors } from './successors.ts';

const sample = sampleTunnel({ name: 'hq', address: '203.0.113.11', prefixes: [] }, 1);
const tunnel = {
  ...sample,
  ike: { ...sample.ike, version: 1 as const },
  esp: { ...sample.esp, lifetimeSeconds: 27_000, lifetimeKilobytes: 1000 },
};
const required = [{ name: 'hq', local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] }];
const theirs = (change: Partial<ChildSaObservation> = {}): ChildSaObservation =>
  sampleChild({ name: 'hq-accept', rekeySeconds: 1350, ...change });
const sas = (...childSas: readonly ChildSaObservation[]): readonly CharonSa[] => [sampleSa({ version: 1, childSas })];

it.each<[string, readonly CharonSa[], readonly string[]]>([
  ['20 minutes before charon would', sas(theirs()), ['hq']],
  ['not sooner', sas(theirs({ rekeySeconds: 1351 })), []],
  ['when nearly all of its octets have passed', sas(theirs({ rekeySeconds: 20_000, bytesIn: 819_200 })), ['hq']],
  ['when charon is at it', sas({ ...theirs({ state: 'REKEYING' }), rekeySeconds: 0 }), ['hq']],
  ['not when ours is there', sas(theirs(), sampleChild({ rekeySeconds: 20_000 })), []],
  ['not when another that the peer began is there', sas(theirs(), theirs({ uniqueId: '2', rekeySeconds: 20_000 })), []],
  ['not one of ours, which charon makes anew', sas(sampleChild({ rekeySeconds: 10 })), []],
  ['not while a quick mode is under way', [sampleSa({ version: 1, childSas: [theirs()] }, true)], []],
])('%s', (_what, seen, expected) => {
  expect(createSuccessors().due(tunnel, required, seen)).toEqual(expected);
});

it('not in IKEv2, where one group for all is no limit', () => {
  const ike = { ...tunnel.ike, version: 2 as const };
  expect(createSuccessors().due({ ...tunnel, ike }, required, [sampleSa({ childSas: [theirs()] })])).toEqual([]);
});

it('asks once for each, and again for the next', () => {
  const successors = createSuccessors();
  const due = (seen: readonly CharonSa[]): readonly string[] => successors.due(tunnel, required, seen);
  expect(due(sas(theirs()))).toEqual(['hq']);
  expect(due(sas(theirs({ rekeySeconds: 100 })))).toEqual([]);
  expect(due(sas(theirs({ rekeySeconds: 20_000 })))).toEqual([]);
  expect(due(sas(theirs({ inboundSpi: 'c3' })))).toEqual(['hq']);
});

it('a pair that has a younger child is not asked for', () => {
  const pairs = [
    { name: 'hq-1', local: ['10.1.0.0/16'], remote: ['192.168.1.0/24'] },
    { name: 'hq-2', local: ['10.1.0.0/16'], remote: ['192.168.2.0/24'] },
  ];
  const first = theirs({ localSelectors: ['10.1.0.0/16'], remoteSelectors: ['192.168.1.0/24'] });
  const second = theirs({
    uniqueId: '2',
    inboundSpi: 'c3',
    rekeySeconds: 20_000,
    localSelectors: ['10.1.0.0/16'],
    remoteSelectors: ['192.168.2.0/24'],
  });
  expect(createSuccessors().due(tunnel, pairs, sas(first, second))).toEqual(['hq-1']);
});
