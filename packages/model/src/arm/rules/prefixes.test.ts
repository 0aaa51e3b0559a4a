/** Overlaps found in one walk are those that comparing every pair finds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCidr, overlaps, parseCidr } from '../../ip.ts';
import { firstOverlap, firstOverlapWithin, parsedPrefixes } from './prefixes.ts';

/** Few bits, so that prefixes nest and repeat; both families. */
const prefix = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 4 }))
  .map(([isIpv4, bits, length]) => (isIpv4 ? `${bits << 4}.0.0.0/${length}` : `${(bits << 12).toString(16)}::/${length}`))
  .map((text) => formatCidr(parseCidr(text) ?? { family: 4, address: 0n, length: 0 }));
const prefixes = fc.array(prefix, { maxLength: 8 });

describe('overlaps', () => {
  it('between two lists: the pair that comparing all finds first', () => {
    fc.assert(
      fc.property(prefixes, prefixes, (a, b) => {
        const pairs = parsedPrefixes(a).flatMap((one) => parsedPrefixes(b).map((other) => [one, other] as const));
        const expected = pairs.find(([one, other]) => overlaps(one, other))?.map(formatCidr);
        expect(firstOverlap(a, b)).toEqual(expected);
      }),
    );
  });

  it('within one list: the pair that comparing all finds first', () => {
    fc.assert(
      fc.property(prefixes, (list) => {
        const all = parsedPrefixes(list);
        const pairs = all.flatMap((one, index) => all.slice(index + 1).map((other) => [one, other] as const));
        const expected = pairs.find(([one, other]) => overlaps(one, other))?.map(formatCidr);
        expect(firstOverlapWithin(list)).toEqual(expected);
      }),
    );
  });

  it('in lists of tens of thousands, in time', () => {
    const many = Array.from({ length: 50_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
    expect(firstOverlapWithin(many)).toBeUndefined();
    expect(firstOverlap(many, [...many].toReversed())).toEqual(['10.0.0.0/24', '10.0.0.0/24']);
  });
});
