/** Of two IKEv2 SAs that crossed: which may be ended at once, and that two ends which both are ours never end both. */
import type { ChildSaObservation, IkeSaObservation } from '@sallyport/model';
import { describe, expect, it } from 'vitest';
import { createArrivals, crossedSa } from './crossing.ts';
import type { CharonSa } from './observe.ts';

/** Lesser and greater SPIs. */
const [less, more] = ['a1', 'b1'] as const;
type Change = { readonly sa?: Partial<IkeSaObservation>; readonly child?: Partial<ChildSaObservation>; readonly isCreatingChild?: boolean };

function sa(initiatorSpi: string, isInitiator: boolean, { sa: change, child, isCreatingChild = false }: Change = {}): CharonSa {
  const childSa = { state: 'INSTALLED', localSelectors: ['0.0.0.0/0'], remoteSelectors: ['0.0.0.0/0'], packetsIn: 0, ...child };
  const made = {
    uniqueId: initiatorSpi,
    initiatorSpi,
    responderSpi: 'c1',
    isInitiator,
    state: 'ESTABLISHED',
    version: 2,
    establishedSeconds: 2,
  };
  return { name: 'a', isCreatingChild, isWaiting: false, sa: { ...made, childSas: [childSa], ...change } as unknown as IkeSaObservation }; // what is looked at
}

function arrived(...ids: readonly string[]): ReturnType<typeof createArrivals>['isBefore'] {
  const arrivals = createArrivals();
  for (const id of ids)
    arrivals.onLog({ ikeSaId: id, message: 'CHILD_SA a{1} established with SPIs c1_i c2_o and TS 0.0.0.0/0 === 0.0.0.0/0' });
  return arrivals.isBefore;
}

const used: Change = { child: { packetsIn: 9, quietSeconds: 0 } };
const left: Change = { child: { packetsIn: 9, quietSeconds: 3 } };
const ended = (sas: readonly CharonSa[], ...order: readonly string[]): unknown => {
  const crossed = crossedSa(sas, arrived(...order));
  return crossed === undefined ? undefined : [crossed.ended.sa.uniqueId, crossed.atOnce];
};

describe('an SA', () => {
  it('was opened where it came of exchanges of its own, not where one was rekeyed, and not in the charon before', () => {
    const arrivals = createArrivals();
    arrivals.onLog({ ikeSaId: '1', message: 'IKE_SA a[1] established between 198.51.100.10[gw]...198.51.100.21[dev]' });
    arrivals.onLog({ ikeSaId: '1', message: 'IKE_SA a[2] rekeyed between 198.51.100.10[gw]...198.51.100.21[dev]' });
    expect(['1', '2'].map(arrivals.isOpened)).toEqual([true, false]);
    arrivals.clear();
    expect(arrivals.isOpened('1')).toBe(false);
  });
});

describe('of two SAs that crossed', () => {
  it('the peer’s is ended where ours came last and has the lesser SPIs, and waits for its answer', () => {
    expect(ended([sa(less, true), sa(more, false)], more, less)).toEqual([more, false]);
  });

  it('ours is ended where the peer’s has the lesser SPIs, as soon as the peer sends on its own only', () => {
    const order = [less, more];
    expect(ended([sa(more, true), sa(less, false)], ...order)).toBeUndefined();
    expect(ended([sa(more, true, used), sa(less, false, used)], ...order)).toBeUndefined();
    expect(ended([sa(more, true), sa(less, false, left)], ...order)).toBeUndefined();
    expect(ended([sa(more, true), sa(less, false, used)], ...order)).toEqual([more, true]);
    expect(ended([sa(more, true, left), sa(less, false, used)], ...order)).toEqual([more, true]);
  });

  it('the peer’s is ended where ours came last and is the only one that the peer sends on', () => {
    expect(ended([sa(more, true, used), sa(less, false)], less, more)).toEqual([less, false]);
    expect(ended([sa(more, true, used), sa(less, false, left)], less, more)).toEqual([less, false]);
    expect(ended([sa(more, true, used), sa(less, false)], more, less)).toBeUndefined();
  });

  it('the peer’s is never ended where ours came first, for charon will end ours', () => {
    expect(ended([sa(less, true), sa(more, false)], less, more)).toBeUndefined();
    expect(ended([sa(less, true), sa(more, false, used)], less, more)).toEqual([less, true]);
  });

  it.each<readonly [what: string, sas: readonly CharonSa[], order: readonly string[]]>([
    ['that were not seen to come', [sa(less, true), sa(more, false)], [less]],
    ['of IKEv1', [sa(less, true, { sa: { version: 1 } }), sa(more, false, { sa: { version: 1 } })], [more, less]],
    ['one of which is new', [sa(less, true, { sa: { establishedSeconds: 1 } }), sa(more, false)], [more, less]],
    ['of different ages', [sa(less, true), sa(more, false, { sa: { establishedSeconds: 5 } })], [more, less]],
    ['both of ours', [sa(less, true), sa(more, true)], [more, less]],
    ['one of which is going', [sa(less, true), sa(more, false, { sa: { state: 'DELETING' } })], [more, less]],
    ['one of which begins a child', [sa(less, true), sa(more, false, { isCreatingChild: true })], [more, less]],
    ['that carry different things', [sa(less, true), sa(more, false, { child: { remoteSelectors: ['10.9.0.0/16'] } })], [more, less]],
    ['without children', [sa(less, true, { sa: { childSas: [] } }), sa(more, false, { sa: { childSas: [] } })], [more, less]],
    ['beside a third', [sa(less, true), sa(more, false), sa('c9', true)], [more, less, 'c9']],
  ])('none is where they are two %s', (_what, sas, order) => {
    expect(ended(sas, ...order)).toBeUndefined();
  });

  it('two ends that are both ours never end both, whatever came first and whoever sends on what', () => {
    const uses = [{}, used, left];
    const orders = [
      [less, more],
      [more, less],
    ];
    for (const isFirstOurs of [true, false])
      for (const here of orders)
        for (const there of orders)
          for (const [a, b, c, d] of uses.flatMap((w) =>
            uses.flatMap((x) => uses.flatMap((y) => uses.map((z) => [w, x, y, z] as const))),
          )) {
            // An end that saw its own first has answered the other's later, so the other end saw them in that order too; and each sends on the last.
            const own = isFirstOurs ? less : more;
            const isSeenAlike = here[0] !== own || there[0] === own;
            if (!isSeenAlike) continue;
            if (!isOnLast(there, [a, b]) || !isOnLast(here, [c, d])) continue;
            const gone = [
              ended([sa(less, isFirstOurs, a), sa(more, !isFirstOurs, b)], ...here),
              ended([sa(less, !isFirstOurs, c), sa(more, isFirstOurs, d)], ...there),
            ].flatMap((one) => (Array.isArray(one) ? [String(one[0])] : []));
            // charon's own: an end that saw its own first ends that.
            if (here[0] === own) gone.push(own);
            if (there[0] !== own) gone.push(isFirstOurs ? more : less);
            expect(new Set(gone).size).toBeLessThanOrEqual(1);
          }
  });
});

/** What an end that saw them come in this order sends, as the other end sees it: nothing now but on the last. */
function isOnLast(order: readonly string[], [ofLess, ofMore]: readonly [Change, Change]): boolean {
  return (order.at(-1) === less ? ofMore : ofLess) !== used;
}
