/** The small decisions of the engine: what changes, what is up, what is started when, what is counted. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildSaObservation } from '@sallyport/model';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { sampleIds, sampleTunnel } from '../../sample-plan.ts';
import { openCounters } from './counters.ts';
import { diffConnections, type Loaded } from './diff.ts';
import { keyId, markOf, parseKeyId } from './mark.ts';
import type { CharonSa } from './observe.ts';
import { createProofs } from './proofs.ts';
import { renderConnection } from './render.ts';
import { sampleChild as child, sampleSa as sa } from './sample-sas.ts';
import { createStalls } from './stalls.ts';
import { createStarts } from './starts.ts';
import { duplicateChildren, duplicateSas, supersededChildren } from './duplicates.ts';
import { createSilences } from './silence.ts';
import { connectionStatus, missingChildren, needlessAttempts, stalledSas, unaskedSas } from './status.ts';

const empty: Loaded = { connections: [], keyIds: [], saNames: [] };
describe('changes', () => {
  it('are none when what is wanted is loaded', () => {
    const loaded: Loaded = { connections: ['a', 'b'], keyIds: ['a#1', 'b#2'], saNames: ['a'] };
    expect(
      diffConnections(
        new Map([
          ['a', ['1']],
          ['b', ['2']],
        ]),
        loaded,
      ),
    ).toEqual([]);
  });

  it('touch the one that differs', () => {
    const loaded: Loaded = { connections: ['a', 'b', 'c'], keyIds: ['a#1', 'b#2', 'c#3'], saNames: ['a', 'b', 'c'] };
    expect(
      diffConnections(
        new Map([
          ['a', ['1']],
          ['b', ['9']],
          ['d', ['4']],
        ]),
        loaded,
      ),
    ).toEqual([
      { kind: 'remove', name: 'c', staleKeyIds: ['c#3'] },
      { kind: 'replace', name: 'b', staleKeyIds: ['b#2'] },
      { kind: 'add', name: 'd', staleKeyIds: [] },
    ]);
  });

  it.each([
    ['the key was unloaded', { ...empty, connections: ['a'] }],
    ['the connection was loaded', { ...empty, connections: ['a'], saNames: ['a'] }],
  ])('redo what a crash left after %s', (_when, loaded) => {
    expect(diffConnections(new Map([['a', ['1']]]), loaded)).toEqual([{ kind: 'replace', name: 'a', staleKeyIds: [] }]);
  });

  it('add everything to a charon that restarted: there is nothing to end first', () => {
    expect(diffConnections(new Map([['a', ['1']]]), empty)).toEqual([{ kind: 'add', name: 'a', staleKeyIds: [] }]);
  });

  it('finish a removal that a crash cut short, by the SA that is left', () => {
    expect(diffConnections(new Map(), { ...empty, saNames: ['gone'] })).toEqual([{ kind: 'remove', name: 'gone', staleKeyIds: [] }]);
  });

  it('leave a connection alone whose key can’t be had', () => {
    expect(diffConnections(new Map([['a', undefined]]), { connections: ['a'], keyIds: ['a#1'], saNames: ['a'] })).toEqual([]);
  });

  it('sweep an old key beside a good one without touching the connection', () => {
    const loaded: Loaded = { connections: ['a'], keyIds: ['a#0', 'a#1'], saNames: ['a'] };
    expect(diffConnections(new Map([['a', ['1']]]), loaded)).toEqual([{ kind: 'sweepKey', name: 'a', staleKeyIds: ['a#0'] }]);
  });

  it('keep whichever of two good keys is loaded, load the first when none is, and leave one when both are', () => {
    const either = new Map([['a', ['2', '1']]]);
    const loaded = (...keyIds: readonly string[]): Loaded => ({ connections: ['a'], keyIds, saNames: ['a'] });
    expect(diffConnections(either, loaded('a#1'))).toEqual([]);
    expect(diffConnections(either, loaded('a#2'))).toEqual([]);
    expect(diffConnections(either, loaded('a#1', 'a#2'))).toEqual([{ kind: 'sweepKey', name: 'a', staleKeyIds: ['a#1'] }]);
    expect(diffConnections(new Map([['a', ['2']]]), loaded('a#1'))).toEqual([{ kind: 'replace', name: 'a', staleKeyIds: ['a#1'] }]);
  });

  it('leave the SAs of a connection whose mark is that of the mode before', () => {
    const loaded: Loaded = { connections: ['a'], keyIds: ['a#0'], saNames: ['a'] };
    const desired = new Map([['a', ['1']]]);
    expect(diffConnections(desired, loaded, new Map([['a', () => '0']]))).toEqual([{ kind: 'reload', name: 'a', staleKeyIds: ['a#0'] }]);
    expect(diffConnections(desired, loaded, new Map([['a', () => '7']]))).toEqual([{ kind: 'replace', name: 'a', staleKeyIds: ['a#0'] }]);
  });

  it('lead from any state to the desired one, after which there are none', () => {
    const names = fc.constantFrom('a', 'b', 'c', 'd');
    const marks = fc.constantFrom('1', '2');
    const keys = fc.array(fc.tuple(names, marks).map(([name, mark]) => keyId(name, mark)));
    const loadedState = fc.record({
      connections: fc.uniqueArray(names),
      keyIds: keys.map((ids) => [...new Set(ids)]),
      saNames: fc.uniqueArray(names),
    });
    fc.assert(
      fc.property(fc.dictionary(names, fc.uniqueArray(marks, { minLength: 1 })), loadedState, (wanted, loaded) => {
        const desired = new Map(Object.entries(wanted));
        expect(diffConnections(desired, pretendApplied(desired, loaded))).toEqual([]);
      }),
    );
  });
});

/** What charon would hold after the changes. */
function pretendApplied(desired: ReadonlyMap<string, readonly string[]>, loaded: Loaded): Loaded {
  const connections = new Set(loaded.connections);
  const keyIds = new Set(loaded.keyIds);
  const saNames = new Set(loaded.saNames);
  for (const change of diffConnections(desired, loaded)) {
    for (const id of change.staleKeyIds) keyIds.delete(id);
    if (change.kind === 'sweepKey') continue;
    saNames.delete(change.name);
    if (change.kind === 'remove') connections.delete(change.name);
    else {
      connections.add(change.name);
      keyIds.add(keyId(change.name, desired.get(change.name)?.[0] ?? ''));
    }
  }
  return { connections: [...connections], keyIds: [...keyIds], saNames: [...saNames] };
}

describe('a mark', () => {
  const tunnel = sampleTunnel({ name: 'hq', address: '198.51.100.21', prefixes: [] }, 1);
  const secret = { key: 'Some.Key', resetEpoch: 0, markKey: Buffer.alloc(32, 1) };
  const mark = markOf(renderConnection(tunnel, { variant: 'xfrmd' }), secret);

  it('is the same for the same', () => {
    expect(markOf(renderConnection(structuredClone(tunnel), { variant: 'xfrmd' }), secret)).toBe(mark);
    expect(parseKeyId(keyId('hq', mark))).toEqual({ connection: 'hq', mark });
  });

  it.each([
    ['key', tunnel, { ...secret, key: 'Other.Key' }],
    ['reset epoch', tunnel, { ...secret, resetEpoch: 1 }],
    ['lifetime', { ...tunnel, ike: { ...tunnel.ike, lifetimeSeconds: 3600 } }, secret],
    ['interface', { ...tunnel, ifId: 2 }, secret],
    ['host’s mark key', tunnel, { ...secret, markKey: Buffer.alloc(32, 2) }],
  ])('differs with another %s', (_what, changed, changedSecret) => {
    expect(markOf(renderConnection(changed, { variant: 'xfrmd' }), changedSecret)).not.toBe(mark);
  });

  it('has nothing of the key in it', () => {
    expect(mark).toMatch(/^[0-9a-f]{32}$/);
    expect(parseKeyId('no-mark')).toBeUndefined();
  });
});

/** What charon has while it makes an IKEv1 main mode anew, before the peer has answered. */
const unanswered = { state: 'CONNECTING', responderSpi: '0000000000000000', isInitiator: true };
const reauthenticating = [sa({ version: 1, state: 'REKEYING', childSas: [] }), sa({ ...unanswered, version: 1, uniqueId: '2' })];

describe('an attempt of ours', () => {
  const attempt = sa({ ...unanswered, uniqueId: '2', childSas: [] });
  const renewal = reauthenticating[1] ?? attempt;
  it.each([
    ['is needless once the peer has come by itself', [sa(), attempt], [attempt]],
    ['goes on while nothing else is up', [attempt], []],
    ['goes on when it was answered', [sa(), { ...attempt, sa: { ...attempt.sa, responderSpi: 'b1' } }], []],
    ['goes on when it makes a main mode anew, for the children are its', reauthenticating, []],
    ['goes on also beside an SA without children', [sa({ childSas: [] }), renewal], []],
    ['is needless when the peer has made that anew', [...reauthenticating, sa({ uniqueId: '3' })], [renewal]],
  ])('%s', (_what, sas, needless) => {
    expect(needlessAttempts(sas)).toEqual(needless);
  });
});

describe('an IKEv1 SA that was to be made anew', () => {
  const [old = sa()] = reauthenticating;
  it.each([
    ['is in the way when nothing came of it', [old], [old]],
    ['waits for the new one', reauthenticating, []],
    ['is left to charon beside the new one', [old, sa({ version: 1, uniqueId: '2' })], []],
    ['is none in IKEv2, which rekeys in place', [sa({ state: 'REKEYING', childSas: [] })], []],
    ['is none with children', [sa({ version: 1, state: 'REKEYING' })], []],
  ])('%s', (_what, sas, stalled) => {
    expect(stalledSas(sas)).toEqual(stalled);
  });

  it('is ended when two readings in a row say so: one alone may have missed the new SA', () => {
    const stalls = createStalls();
    expect(stalls.read('hq', [old])).toEqual([]);
    expect(stalls.read('other', [old])).toEqual([]);
    expect(stalls.read('hq', [old])).toEqual([old]);
    expect(stalls.read('hq', reauthenticating)).toEqual([]);
    expect(stalls.read('hq', [old])).toEqual([]);
    // Of a charon that was started anew.
    expect(stalls.read('hq', [sa({ ...old.sa, initiatorSpi: '5' })])).toEqual([]);
  });
});

describe('what the wrong end opened', () => {
  const [default_, initiatorOnly, responderOnly] = [
    { initiates: true, responds: true },
    { initiates: true, responds: false },
    { initiates: false, responds: true },
  ];
  const [ours, theirs] = [sa(), sa({ isInitiator: false })];
  const begun = { state: 'CONNECTING', childSas: [] };
  it.each([
    ['is none where both may', [ours, theirs], default_, []],
    ['is the peer’s where we only initiate', [ours, theirs], initiatorOnly, [theirs]],
    ['is ours where we only respond', [ours, theirs], responderOnly, [ours]],
    ['is not what followed an SA that was made anew', [sa({ uniqueId: '2', isInitiator: false })], initiatorOnly, []],
    ['is not ours in IKEv1, which makes one anew by opening it', [sa({ version: 1 })], responderOnly, []],
    ['is not what is going already', [sa({ isInitiator: false, state: 'DELETING' })], initiatorOnly, []],
    ['is not an attempt of ours that was answered', [sa({ ...begun, responderSpi: 'b1' })], responderOnly, []],
  ])('%s', (_what, sas, mode, unasked) => {
    expect(unaskedSas(sas, mode, (id) => id === '1')).toEqual(unasked);
  });

  it('is every attempt of the peer’s, and ours without an answer', () => {
    const attempts = [sa({ ...begun, isInitiator: false, uniqueId: '2' }), sa({ ...begun, uniqueId: '3' })];
    expect([initiatorOnly, responderOnly].map((mode) => unaskedSas(attempts, mode, () => false))).toEqual([[attempts[0]], [attempts[1]]]);
  });
});

describe('a connection', () => {
  it.each([
    ['with an installed child', [sa()], 'Connected'],
    ['while its child is rekeyed', [sa({ childSas: [child({ state: 'REKEYING' })] })], 'Connected'],
    ['while its IKE SA is rekeyed', [sa({ state: 'REKEYING' })], 'Connected'],
    ['with two SAs, one of them old', [sa({ state: 'DELETING' }), sa()], 'Connected'],
    ['without a child', [sa({ childSas: [] })], 'Connecting'],
    ['whose child is being deleted', [sa({ childSas: [child({ state: 'DELETING' })] })], 'Connecting'],
    ['connecting', [sa({ state: 'CONNECTING', childSas: [] })], 'Connecting'],
    ['while its main mode is made anew', [...reauthenticating], 'Connected'],
    ['with nothing but the children of a main mode made anew', reauthenticating.slice(1), 'Connecting'],
    ['with a child of an SA that is going', [sa({ childSas: [] }), sa({ state: 'DELETING' })], 'Connecting'],
    ['with nothing', [], 'Connecting'],
  ])('%s', (_what, sas, status) => {
    expect(connectionStatus(sas, false)).toBe(status);
  });

  it('that failed is not connected while it tries again', () => {
    expect(connectionStatus([sa({ state: 'CONNECTING', childSas: [] })], true)).toBe('NotConnected');
  });
});

describe('what is missing', () => {
  const any = { name: 'hq', local: ['0.0.0.0/0'], remote: ['0.0.0.0/0'] };
  const pairs = [
    { name: 'hq-1', local: ['10.1.0.0/16'], remote: ['10.2.0.0/16'] },
    { name: 'hq-2', local: ['10.1.0.0/16'], remote: ['10.3.0.0/16'] },
  ];
  it.each([
    ['everything at first', [any], [], ['hq']],
    ['nothing while connecting', [any], [sa({ state: 'CONNECTING', childSas: [] })], []],
    ['nothing when up', [any], [sa()], []],
    ['nothing when the peer brought it up', [any], [sa({ isInitiator: false, childSas: [child({ name: 'hq-accept' })] })], []],
    ['the child when only the IKE SA stands', [any], [sa({ childSas: [] })], ['hq']],
    ['nothing while the child is created', [any], [sa({ childSas: [] }, true)], []],
    [
      'nothing when the peer narrowed any to any',
      [any],
      [sa({ childSas: [child({ name: 'hq-accept', remoteSelectors: ['10.3.0.0/24'] })] })],
      [],
    ],
    [
      'one pair of two',
      pairs,
      [sa({ childSas: [child({ name: 'hq-1', localSelectors: ['10.1.0.0/16'], remoteSelectors: ['10.2.0.0/16'] })] })],
      ['hq-2'],
    ],
    ['nothing when a peer’s child holds both pairs', pairs, [sa({ childSas: [child({ name: 'hq-accept' })] })], []],
    [
      'the pair of which the peer’s child holds a part',
      [pairs[1] ?? any],
      [sa({ childSas: [child({ name: 'hq-accept', remoteSelectors: ['10.3.0.0/24', '10.3.0.0/16[tcp]'] })] })],
      ['hq-2'],
    ],
    [
      'nothing when a peer’s child has the pair',
      [pairs[1] ?? any],
      [sa({ childSas: [child({ name: 'hq-accept', localSelectors: ['10.1.0.0/16'], remoteSelectors: ['10.3.0.0/16'] })] })],
      [],
    ],
    ['everything when the SA is going', [any], [sa({ state: 'DELETING' })], ['hq']],
  ])('is %s', (_what, required, sas, expected) => {
    expect(missingChildren(required, sas)).toEqual(expected);
  });
});

describe('of two IKE SAs that both stand', () => {
  const numbered = (initiatorSpi: string, establishedSeconds: number, state = 'ESTABLISHED'): CharonSa =>
    sa({ uniqueId: initiatorSpi, initiatorSpi, establishedSeconds, state });
  it.each([
    ['none is too many while one is new', [numbered('a', 100), numbered('b', 14)], []],
    ['the older is too many', [numbered('a', 100), numbered('b', 15)], ['a']],
    ['of the same moment the one with the greater SPIs is', [numbered('b', 20), numbered('a', 21)], ['b']],
    ['the same whichever comes first', [numbered('a', 20), numbered('b', 21)], ['b']],
    ['none is, when one is going already', [numbered('a', 20), numbered('b', 20, 'DELETING')], []],
    ['all but one of three are', [numbered('a', 90), numbered('b', 20), numbered('c', 20)], ['a', 'c']],
    ['a single one never is', [numbered('a', 90)], []],
  ])('%s', (_what, sas, ended) => {
    expect(duplicateSas(sas, () => false).ended.map((one) => one.sa.uniqueId)).toEqual(ended);
  });

  const withChild = (initiatorSpi: string, change: Partial<ChildSaObservation>, version: 1 | 2 = 2): CharonSa =>
    sa({ uniqueId: initiatorSpi, initiatorSpi, establishedSeconds: 20, version, childSas: [child({ installedSeconds: 20, ...change })] });
  it.each<[string, CharonSa, string | undefined]>([
    ['not before the peer has used the one that stays', withChild('a', {}), 'a'],
    ['not for packets from before', withChild('a', { packetsIn: 3, quietSeconds: 19 }), 'a'],
    ['once packets have come on it', withChild('a', { packetsIn: 3, quietSeconds: 17 }), undefined],
    ['once its child was made anew', withChild('a', { installedSeconds: 17 }), undefined],
    ['in IKEv1 without that', withChild('a', {}, 1), undefined],
  ])('of the same moment: %s', (_what, kept, unproven) => {
    const other = withChild('b', { packetsIn: 9, quietSeconds: 0 }, kept.sa.version);
    const seen = duplicateSas([other, kept], () => false);
    expect(seen.unproven?.sa.uniqueId).toBe(unproven);
    expect(seen.ended.map((one) => one.sa.uniqueId)).toEqual(unproven === undefined ? ['b'] : []);
  });

  it('a proof is asked for once, and whatever the peer answers is one', () => {
    const proofs = createProofs();
    const [kept, other] = [withChild('a', {}), withChild('b', {})];
    const ended = (one: CharonSa, nowMs: number): readonly string[] =>
      duplicateSas([one, other], (asked) => proofs.isAnswered(asked, nowMs)).ended.map(({ sa: { uniqueId } }) => uniqueId);
    expect([proofs.isDue({ ...kept, isWaiting: true }, 0), proofs.isDue(kept, 0), proofs.isDue(kept, 0)]).toEqual([false, true, false]);
    // charon may not have begun yet.
    expect(ended(kept, 1999)).toEqual([]);
    expect(ended({ ...kept, isWaiting: true }, 5000)).toEqual([]);
    expect(ended(kept, 2000)).toEqual(['b']);
    expect(proofs.isDue(withChild('c', {}), 3000)).toBe(true);
  });

  it('a proof is of one SA, whatever number another has after charon was started anew', () => {
    const proofs = createProofs();
    const anew = sa({ ...withChild('a', {}).sa, initiatorSpi: 'd' });
    proofs.isDue(withChild('a', {}), 0);
    expect([proofs.isAnswered(anew, 5000), proofs.isDue(anew, 5000)]).toEqual([false, true]);
  });
});

describe('of two CHILD SAs of IKEv2 with the same selectors', () => {
  const of = (uniqueId: string, installedSeconds: number, change: Partial<ChildSaObservation> = {}): ChildSaObservation =>
    child({ uniqueId, installedSeconds, inboundSpi: `c${uniqueId}`, outboundSpi: `d${uniqueId}`, ...change });
  const inOne = (establishedSeconds: number, ...childSas: readonly ChildSaObservation[]): readonly CharonSa[] => [
    sa({ establishedSeconds, childSas }),
  ];
  /** What the other end sees: SPIs change places, and what one began first the other numbers last. */
  const mirrored = (one: ChildSaObservation, uniqueId: string): ChildSaObservation => ({
    ...one,
    uniqueId,
    inboundSpi: one.outboundSpi,
    outboundSpi: one.inboundSpi,
  });
  const crossed = [of('7', 20, { inboundSpi: 'b2', outboundSpi: 'a1' }), of('8', 20, { inboundSpi: 'b3', outboundSpi: 'a2' })] as const;
  it.each([
    ['none is too many while one is new', inOne(100, of('1', 100), of('2', 14)), []],
    ['the older is too many', inOne(100, of('1', 100), of('2', 15)), ['1']],
    ['of the same moment the one that came with the IKE SA is', inOne(20, of('2', 20), of('1', 20)), ['1']],
    ['also where it is the one with the lesser SPIs', inOne(21, of('1', 20), of('2', 20, { inboundSpi: 'ff' })), ['1']],
    ['of two that crossed the one with the greater SPIs is', inOne(500, of('1', 500, { localSelectors: [] }), ...crossed), ['8']],
    [
      'the same one on the other end',
      inOne(500, of('1', 500, { localSelectors: [] }), mirrored(crossed[1], '5'), mirrored(crossed[0], '6')),
      ['5'],
    ],
    ['neither is taken for the first of an IKE SA that was rekeyed', inOne(5, ...crossed), ['8']],
    ['all but one of three are', inOne(20, of('1', 20), of('2', 20), of('3', 20)), ['1', '3']],
    ['none is with other selectors', inOne(20, of('1', 20), of('2', 20, { remoteSelectors: ['10.0.0.0/8'] })), []],
    ['none is while one is rekeyed', inOne(100, of('1', 100, { state: 'REKEYING' }), of('2', 20)), []],
    ['none is when one is going already', inOne(100, of('1', 100, { state: 'DELETING' }), of('2', 20)), []],
    ['none is while another is created', [sa({ establishedSeconds: 50, childSas: [of('1', 50), of('2', 20)] }, true)], []],
    ['none is in two IKE SAs, of which one goes', [...inOne(50, of('1', 50), of('2', 20)), ...inOne(50)], []],
    ['none is in IKEv1, which waits for packets', [sa({ version: 1, childSas: [of('1', 50), of('2', 20)] })], []],
  ] as const)('%s', (_what, sas, ended) => {
    expect(duplicateChildren(sas).map(({ uniqueId }) => uniqueId)).toEqual(ended);
  });
});

describe('of two CHILD SAs of IKEv1', () => {
  const old = child({ uniqueId: '2', installedSeconds: 60, packetsIn: 9 });
  const fresh = (change: Partial<ChildSaObservation> = {}): ChildSaObservation =>
    child({ uniqueId: '3', name: 'hq-accept', installedSeconds: 3, packetsIn: 1, ...change });
  it.each([
    ['the older is too many once the peer sends on the newer', [old, fresh()], 1, ['2']],
    ['none is before the peer does', [old, fresh({ packetsIn: 0 })], 1, []],
    [
      'the older is too many when the peer has had time to, but nothing to send',
      [old, fresh({ packetsIn: 0, installedSeconds: 15 })],
      1,
      ['2'],
    ],
    ['so is one that charon knows to be replaced, and keeps', [child({ ...old, state: 'REKEYED' }), fresh({ name: 'hq' })], 1, ['2']],
    ['of the same moment too', [child({ ...old, state: 'REKEYED' }), fresh({ installedSeconds: 60, packetsIn: 0 })], 1, ['2']],
    [
      'also where quick modes crossed, and the one that replaces it has the lower number',
      [child({ ...old, uniqueId: '33', state: 'REKEYED' }), fresh({ uniqueId: '31', installedSeconds: 60, packetsIn: 0 })],
      1,
      ['33'],
    ],
    ['one that is replaced is in nobody’s place', [child({ ...old }), fresh({ state: 'REKEYED', installedSeconds: 20 })], 1, []],
    ['none is with other selectors', [old, fresh({ remoteSelectors: ['10.0.0.0/8'] })], 1, []],
    ['none is when both are of the same moment and in use', [old, fresh({ installedSeconds: 58 })], 1, []],
    [
      'of the same moment the one that the peer has left is',
      [child({ ...old, quietSeconds: 9 }), fresh({ installedSeconds: 60, quietSeconds: 1 })],
      1,
      ['2'],
    ],
    ['not so when it has left the newer', [child({ ...old, quietSeconds: 1 }), fresh({ installedSeconds: 59, quietSeconds: 9 })], 1, []],
    [
      'none is while the newer of the same second has had no packet',
      [child({ ...old, quietSeconds: 0 }), fresh({ installedSeconds: 60, packetsIn: 0 })],
      1,
      [],
    ],
    ['none is when one is going already', [child({ ...old, state: 'DELETING' }), fresh()], 1, []],
    ['none is in IKEv2, which rekeys', [old, fresh()], 2, []],
  ] as const)('%s', (_what, childSas, version, ended) => {
    expect(supersededChildren([sa({ version, childSas })]).map(({ uniqueId }) => uniqueId)).toEqual(ended);
  });
});

describe('a peer that does not answer', () => {
  const tunnel = (dpdTimeoutSeconds: number, version: 1 | 2 = 2) => {
    const sample = sampleTunnel({ name: 'hq', address: '198.51.100.21', prefixes: [] }, 1);
    return { ...sample, ike: { ...sample.ike, dpdTimeoutSeconds, version } };
  };
  const waiting: CharonSa = { ...sa(), isWaiting: true };
  const endsAfter = (timeout: number, version?: 1 | 2): number | undefined => {
    const silences = createSilences();
    for (let second = 0; second < 60; second += 1)
      if (silences.read(tunnel(timeout, version), [waiting], second * 1000).length > 0) return second;
    return undefined;
  };

  it('is dead when its answer is as late as the timeout leaves time for', () => {
    // The check starts three seconds into the silence.
    expect([9, 10, 13].map((timeout) => endsAfter(timeout))).toEqual([6, 7, 10]);
  });

  it('is left to charon where charon is quick enough, and in IKEv1', () => {
    expect([endsAfter(14), endsAfter(45), endsAfter(0), endsAfter(9, 1)]).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('is not dead when one of its answers came in between', () => {
    const silences = createSilences();
    const at = (second: number, one: CharonSa): number => silences.read(tunnel(9), [one], second * 1000).length;
    expect([at(0, waiting), at(5, sa()), at(6, waiting), at(11, waiting), at(12, waiting)]).toEqual([0, 0, 0, 0, 1]);
  });

  it('is not dead for the silence of an SA that had the same number in the charon before', () => {
    const silences = createSilences();
    silences.read(tunnel(9), [waiting], 0);
    expect(silences.read(tunnel(9), [{ ...waiting, sa: { ...waiting.sa, initiatorSpi: '5' } }], 6000)).toEqual([]);
  });
});

describe('starts', () => {
  it('come at once, then after 1, 2, 4, 8, 10, 10… s', () => {
    const starts = createStarts();
    const times: number[] = [];
    for (let now = 0; now < 50_000; now += 500) {
      if (!starts.isDue('hq', now)) continue;
      starts.started('hq', now);
      times.push(now / 1000);
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 25, 35, 45]);
  });

  it('begin anew after it was up for a while, or when it changed; a quick relapse is no success', () => {
    const starts = createStarts();
    for (const now of [0, 1000, 3000]) starts.started('hq', now);
    starts.connected('hq', 4000);
    expect(starts.isDue('hq', 5000)).toBe(false);
    starts.connected('hq', 14_000);
    expect(starts.isDue('hq', 14_000)).toBe(true);
    starts.started('hq', 14_000);
    starts.forget('hq');
    expect(starts.isDue('hq', 14_001)).toBe(true);
  });
});

describe('counters', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-counters-'));
  afterAll(() => rmSync(directory, { recursive: true }));
  const hq = sampleIds.connection('hq');

  it('go on across rekeys, late events and restarts of the agent', () => {
    const file = join(directory, 'a.json');
    const before = openCounters(file);
    before.note(hq, true, 1000);
    before.record(hq, [child({ bytesIn: 100, bytesOut: 10, packetsIn: 1, packetsOut: 1 })]);
    before.record(hq, [child({ bytesIn: 150, bytesOut: 20, packetsIn: 2, packetsOut: 2 })]);
    before.save();
    const after = openCounters(file);
    after.note(hq, true, 9000);
    after.record(hq, [child({ uniqueId: '2', inboundSpi: 'c3', bytesIn: 7 })]);
    after.recordSome(hq, [child({ bytesIn: 160, bytesOut: 20, packetsIn: 3, packetsOut: 2 })]); // the old child's last event
    after.recordSome(hq, [child({ bytesIn: 160, bytesOut: 20, packetsIn: 3, packetsOut: 2 })]);
    expect(after.total(hq)).toEqual({
      ingressBytes: 167,
      egressBytes: 20,
      ingressPackets: 3,
      egressPackets: 2,
      lastEstablishedAt: '1970-01-01T00:00:01.000Z',
    });
  });

  it('say when it was last established: coming up, not rekeying', () => {
    const counters = openCounters(join(directory, 'b.json'));
    const established = (): string | undefined => counters.total(hq).lastEstablishedAt;
    counters.note(hq, true, 1000);
    counters.note(hq, true, 2000);
    expect(established()).toBe('1970-01-01T00:00:01.000Z');
    counters.note(hq, false, 3000);
    expect(established()).toBe('1970-01-01T00:00:01.000Z');
    counters.note(hq, true, 4000);
    expect(established()).toBe('1970-01-01T00:00:04.000Z');
  });

  it('count each of many children once, and forget those that have ended', () => {
    const file = join(directory, 'many.json');
    const children = Array.from({ length: 100 }, (_, index) => child({ uniqueId: `${index}`, bytesIn: 10 }));
    const counters = openCounters(file);
    counters.record(hq, children);
    counters.recordSome(hq, children.slice(0, 1)); // one of them ends
    counters.record(hq, children.slice(1));
    counters.save();
    const later = openCounters(file);
    later.record(hq, children.slice(1));
    expect(later.total(hq).ingressBytes).toBe(1000);
    for (let rekey = 0; rekey < 500; rekey += 1) later.record(hq, [child({ uniqueId: `rekeyed-${rekey}`, bytesIn: 1 })]);
    later.save();
    expect(later.total(hq).ingressBytes).toBe(1500);
    expect(readFileSync(file, 'utf8').length).toBeLessThan(2000);
  });

  it('never fall, whatever is read', () => {
    const reading = fc.record({ uniqueId: fc.constantFrom('1', '2', '3'), bytesIn: fc.nat(1000), bytesOut: fc.nat(1000) });
    fc.assert(
      fc.property(fc.array(reading), (readings) => {
        const counters = openCounters(join(directory, 'none.json'));
        let last = 0;
        for (const change of readings) {
          counters.recordSome(hq, [child(change)]);
          const total = counters.total(hq).ingressBytes + counters.total(hq).egressBytes;
          expect(total).toBeGreaterThanOrEqual(last);
          last = total;
        }
      }),
    );
  });

  it('are dropped with their connection, and a damaged file costs only the sums', () => {
    const file = join(directory, 'c.json');
    writeFileSync(file, '{');
    const counters = openCounters(file);
    counters.record(hq, [child({ bytesIn: 5 })]);
    counters.keepOnly([]);
    expect(counters.total(hq).ingressBytes).toBe(0);
  });
});
