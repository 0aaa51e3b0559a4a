/** The message codec: the specification's example, round trips, and that no input makes it do anything but throw ViciError. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, type ViciInput } from './codec.ts';
import { ViciError } from './errors.ts';
import { flag, integer, list, plain, section, text } from './read.ts';

const name = fc.string({ maxLength: 20 });
const tree = fc.letrec<{ section: ViciInput }>((tie) => ({
  section: fc
    .array(
      fc.tuple(
        name,
        fc.oneof(
          { maxDepth: 4 },
          fc.uint8Array({ maxLength: 40 }),
          fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }),
          tie('section'),
        ),
      ),
      { maxLength: 6 },
    )
    .map((entries) => new Map(entries)),
})).section;

function comparable(item: unknown): unknown {
  if (item instanceof Uint8Array) return Buffer.from(item).toString('hex');
  if (item instanceof Map) return [...item].map(([key, value]) => [key, comparable(value)]);
  if (Array.isArray(item)) return { list: item.map(comparable) };
  return item;
}

describe('vici messages', () => {
  it('encode the example of the specification', () => {
    const bytes = encodeMessage({ key1: 'value1', section1: { 'sub-section': { key2: 'value2' }, list1: ['item1', 'item2'] } });
    const expected = [
      ['03', '04', b('key1'), '0006', b('value1')],
      ['01', '08', b('section1'), '01', '0b', b('sub-section'), '03', '04', b('key2'), '0006', b('value2'), '02'],
      ['04', '05', b('list1'), '05', '0005', b('item1'), '05', '0005', b('item2'), '06', '02'],
    ];
    expect(bytes.toString('hex')).toBe(expected.flat().join(''));
    expect(plain(decodeMessage(bytes))).toEqual({
      key1: 'value1',
      section1: { 'sub-section': { key2: 'value2' }, list1: ['item1', 'item2'] },
    });
  });

  it('come back as they went, order kept', () => {
    fc.assert(
      fc.property(tree, (message) => {
        expect(comparable(decodeMessage(encodeMessage(message)))).toEqual(comparable(message));
      }),
    );
  });

  it('refuse every truncation', () => {
    const whole = encodeMessage({ a: 'b', s: { l: ['x', 'yy'] } });
    const boundaries = [0, encodeMessage({ a: 'b' }).length, whole.length];
    const readable = Array.from({ length: whole.length + 1 }, (_, end) => end).filter((end) => outcome(whole.subarray(0, end)) === 'read');
    expect(readable).toEqual(boundaries);
  });

  it('throw nothing but ViciError on arbitrary bytes', () => {
    const elementBytes = fc.array(fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 255 })), { maxLength: 64 });
    fc.assert(
      fc.property(elementBytes, (bytes) => {
        expect(['read', 'refused']).toContain(outcome(Uint8Array.from(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['a section closed twice', '', '0101610202'],
    ['a section left open', '', '010161'],
    ['an item outside a list', '', '05000161'],
    ['a key in a list', '', '04016103016200016306'],
    ['an unknown element', '', '09'],
    ['a bomb of sections', '', '010161'.repeat(100_000)],
  ])('refuse %s', (_what, _note, hex) => {
    expect(() => decodeMessage(Buffer.from(hex, 'hex'))).toThrow(ViciError);
  });

  it('refuse what no length field can hold, and never print the value', () => {
    expect(() => encodeMessage({ data: 'x'.repeat(0x1_0000) })).toThrow('value of data has 65536 bytes');
    expect(() => encodeMessage({ ['k'.repeat(256)]: 'v' })).toThrow('name of 256 bytes');
  });

  it('read by key, absent and other kinds as undefined', () => {
    const message = decodeMessage(encodeMessage({ n: '12', bad: '1x', yes: 'yes', l: ['a'], s: { k: 'v' } }));
    expect([integer(message, 'n'), integer(message, 'bad'), integer(message, 'none')]).toEqual([12, undefined, undefined]);
    expect([flag(message, 'yes'), flag(message, 'n')]).toEqual([true, false]);
    expect([list(message, 'l'), list(message, 'n'), text(message, 'l')]).toEqual([['a'], [], undefined]);
    expect(text(section(message, 's'), 'k')).toBe('v');
  });
});

function b(ascii: string): string {
  return Buffer.from(ascii).toString('hex');
}

/** `refused` only by a ViciError; anything else is thrown on. */
function outcome(bytes: Uint8Array): 'read' | 'refused' {
  try {
    decodeMessage(bytes);
    return 'read';
  } catch (error) {
    if (error instanceof ViciError) return 'refused';
    throw error;
  }
}
