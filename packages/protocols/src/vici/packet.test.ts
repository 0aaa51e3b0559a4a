/** Packets and framing: round trips, streams cut anywhere, limits. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ViciError } from './errors.ts';
import { decodePacket, encodePacket, FrameReader, maxPacketBytes } from './packet.ts';
import { plain } from './read.ts';

describe('vici packets', () => {
  it('have type, name and message', () => {
    const frame = encodePacket('request', 'version', { a: 'b' });
    expect(frame.toString('hex')).toBe(`0000000f0007${Buffer.from('version').toString('hex')}030161000162`);
    const packet = decodePacket(frame.subarray(4));
    expect({ ...packet, message: plain(packet.message) }).toEqual({ type: 'request', name: 'version', message: { a: 'b' } });
  });

  it('have no name where the type has none', () => {
    expect(decodePacket(encodePacket('event-confirm').subarray(4))).toEqual({ type: 'event-confirm', name: '', message: new Map() });
  });

  it('survive a stream cut anywhere', () => {
    const frames = ['list-sa', 'log', 'x'].map((name) => encodePacket('event', name, { text: name.repeat(50) }));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const reader = new FrameReader();
        const names: string[] = [];
        let rest = Buffer.concat(frames);
        for (let turn = 0; rest.length > 0; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          for (const frame of reader.push(rest.subarray(0, size))) names.push(decodePacket(frame).name);
          rest = rest.subarray(size);
        }
        expect(names).toEqual(['list-sa', 'log', 'x']);
      }),
    );
  });

  it.each([
    ['nothing', ''],
    ['an unknown type', '08'],
    ['a name that ends early', '0705616263'],
    ['no name length', '07'],
  ])('refuse %s', (_what, hex) => {
    expect(() => decodePacket(Buffer.from(hex, 'hex'))).toThrow(ViciError);
  });

  it('refuse a frame over the limit before its bytes arrive', () => {
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(maxPacketBytes + 1);
    expect(() => new FrameReader().push(prefix)).toThrow(/at most 524288/);
    const values = Array.from({ length: 10 }, () => 'x'.repeat(0xffff));
    expect(() => encodePacket('request', 'load-conn', { values })).toThrow(/at most 524288/);
  });
});
