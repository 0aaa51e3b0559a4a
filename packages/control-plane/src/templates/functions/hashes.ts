/**
 * `uniqueString` and `guid`: the same input must give the same name here as in Azure, so that a template's resources are
 * called alike. uniqueString: arguments joined by `-`, MurmurHash3's 32-bit mixing in two lanes, 64 bits printed base 32
 * (found by experiment in public write-ups; the tests hold published values). guid: RFC 9562 version 5 in the name space that
 * Microsoft documents for it.
 */
import { createHash } from 'node:crypto';

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-string#guid */
const guidNamespace = '11fb06fb712d4ddd98c7e71bbd588830';

export function uniqueString(parts: readonly string[]): string {
  let hash = murmur64(new TextEncoder().encode(parts.join('-')));
  let text = '';
  for (let index = 0; index < 13; index += 1) {
    text += base32[Number((hash >> 59n) & 31n)] ?? '';
    hash = BigInt.asUintN(64, hash << 5n);
  }
  return text;
}

export function nameGuid(parts: readonly string[]): string {
  const hash = createHash('sha1').update(Buffer.from(guidNamespace, 'hex')).update(parts.join('-')).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** A deployment's `templateHash`: a decimal 64-bit number of the template's text, as Azure shows it (not the same number). */
export function textHash(text: string): string {
  return murmur64(new TextEncoder().encode(text)).toString();
}

const c1 = 0x239b961b;
const c2 = 0xab0e9789;

/** The 8-byte-block variant of MurmurHash3 with seed 0. Unsigned 64 bits. */
export function murmur64(bytes: Uint8Array): bigint {
  let low = 0;
  let high = 0;
  const whole = bytes.length - (bytes.length % 8);
  const padded = new Uint8Array(whole + 8);
  padded.set(bytes);
  const words = new DataView(padded.buffer);
  for (let at = 0; at < whole; at += 8) {
    low = add(rotate(low ^ scramble(words.getUint32(at, true), c1, 15, c2), 19), high);
    low = add(Math.imul(low, 5), 0x561ccd1b);
    high = add(rotate(high ^ scramble(words.getUint32(at + 4, true), c2, 17, c1), 13), low);
    high = add(Math.imul(high, 5), 0x0bcaa747);
  }
  const rest = bytes.length - whole;
  if (rest > 0) low ^= scramble(words.getUint32(whole, true), c1, 15, c2);
  if (rest > 4) high ^= scramble(words.getUint32(whole + 4, true), c2, 17, c1);
  low = add(low ^ bytes.length, high ^ bytes.length);
  high = add(high ^ bytes.length, low);
  low = finalMix(low);
  high = finalMix(high);
  low = add(low, high);
  high = add(high, low);
  return (BigInt(high) << 32n) | BigInt(low);
}

function add(a: number, b: number): number {
  return (a + b) >>> 0;
}

function rotate(value: number, bits: number): number {
  return ((value << bits) | (value >>> (32 - bits))) >>> 0;
}

function scramble(word: number, first: number, bits: number, second: number): number {
  return Math.imul(rotate(Math.imul(word, first), bits), second);
}

function finalMix(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}
