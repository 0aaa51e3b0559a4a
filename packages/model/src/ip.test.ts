/** Address arithmetic: known texts, and properties over all addresses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressAt,
  bitsOf,
  cidrOf,
  compareCidr,
  contains,
  containsAddress,
  formatAddress,
  formatCidr,
  hasHostBits,
  overlaps,
  parseAddress,
  parseCidr,
  sizeOf,
  type Cidr,
  type IpAddress,
} from './ip.ts';

const anyAddress: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value) => ({ family: 4 as const, value })),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }).map((value) => ({ family: 6 as const, value })),
);
const anyCidr: fc.Arbitrary<Cidr> = anyAddress.chain((address) =>
  fc.integer({ min: 0, max: bitsOf(address.family) }).map((length) => cidrOf(address, length)),
);

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`not a prefix: ${text}`);
  return parsed;
};

describe('addresses', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ])('%s prints as %s', (text, printed) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(printed);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.4 ',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8::',
    'fe80::1%eth0',
    '1.2.3.4::',
    '12345::',
    ':1:2:3:4:5:6:7',
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('parse ∘ format is the identity', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
    );
  });
});

describe('prefixes', () => {
  it.each(['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/08', '10.0.0.0/8/8', '10.0.0/8', '/8', '10.0.0.0/-1', '::/129'])(
    '%j is no prefix',
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );

  it('clears host bits and says that there were some', () => {
    expect(formatCidr(cidr('10.1.2.3/16'))).toBe('10.1.0.0/16');
    expect(hasHostBits('10.1.2.3/16')).toBe(true);
    expect(hasHostBits('10.1.0.0/16')).toBe(false);
    expect(hasHostBits('nonsense')).toBe(false);
  });

  it('parse ∘ format is the identity', () => {
    fc.assert(
      fc.property(anyCidr, (c) => {
        expect(parseCidr(formatCidr(c))).toEqual(c);
      }),
    );
  });

  it('the first and last address are inside, their neighbours are not', () => {
    fc.assert(
      fc.property(anyCidr, (c) => {
        const [first, last] = [addressAt(c, 0), addressAt(c, -1)];
        expect(containsAddress(c, first) && containsAddress(c, last)).toBe(true);
        expect(last.value - first.value + 1n).toBe(sizeOf(c));
        expect(containsAddress(c, { family: c.family, value: last.value + 1n })).toBe(false);
        expect(containsAddress(c, { family: c.family, value: first.value - 1n })).toBe(false);
        expect(() => addressAt(c, sizeOf(c))).toThrow(RangeError);
        expect(() => addressAt(c, -sizeOf(c) - 1n)).toThrow(RangeError);
      }),
    );
  });

  it('two prefixes overlap exactly when one contains the other, in either order', () => {
    fc.assert(
      fc.property(anyCidr, anyCidr, (a, b) => {
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        const share = a.family === b.family && a.address <= addressAt(b, -1).value && b.address <= addressAt(a, -1).value;
        expect(overlaps(a, b)).toBe(share);
        expect(contains(a, b) && contains(b, a)).toBe(compareCidr(a, b) === 0);
      }),
    );
  });

  it('sorts by family, address, length', () => {
    const sorted = ['::/0', '10.0.0.0/16', '9.0.0.0/8', '10.0.0.0/8'].map(cidr).toSorted(compareCidr).map(formatCidr);
    expect(sorted).toEqual(['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/16', '::/0']);
  });
});
