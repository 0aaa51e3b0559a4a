/**
 * VICI packets and their framing: a 32-bit length, then a type byte, for some types a name, then a message. Pure.
 * Spec: README.md, "Transport protocol" and "Packet layer".
 */
import { decodeMessage, EncodedMessage, encodeMessage, type ViciInput, type ViciMessage } from './codec.ts';
import { ViciError } from './errors.ts';

const typeNumbers = {
  request: 0,
  response: 1,
  'command-unknown': 2,
  'event-register': 3,
  'event-unregister': 4,
  'event-confirm': 5,
  'event-unknown': 6,
  event: 7,
} as const;

export type PacketType = keyof typeof typeNumbers;
export type Packet = { readonly type: PacketType; readonly name: string; readonly message: ViciMessage };

/** charon's limit for one packet, the length field not counted. */
export const maxPacketBytes = 512 * 1024;
const lengthBytes = 4;
const typeNames = new Map<number, PacketType>((Object.keys(typeNumbers) as PacketType[]).map((type) => [typeNumbers[type], type])); // keys of a literal
const namedTypes: ReadonlySet<PacketType> = new Set(['request', 'event-register', 'event-unregister', 'event']);

/** A whole frame, length field included. @throws ViciError `malformed` when too long. */
export function encodePacket(type: PacketType, name = '', message: ViciInput | EncodedMessage = {}): Buffer {
  const nameBytes = Buffer.from(name, 'utf8');
  if (nameBytes.length > 0xff) throw new ViciError('malformed', `packet name of ${nameBytes.length} bytes`);
  const body = message instanceof EncodedMessage ? message.bytes : encodeMessage(message);
  const nameEnd = namedTypes.has(type) ? 2 + nameBytes.length : 1;
  const length = nameEnd + body.length;
  if (length > maxPacketBytes) throw new ViciError('malformed', `packet ${name} has ${length} bytes, at most ${maxPacketBytes}`);
  const frame = Buffer.allocUnsafe(lengthBytes + length);
  frame.writeUInt32BE(length);
  frame[lengthBytes] = typeNumbers[type];
  if (namedTypes.has(type)) {
    frame[lengthBytes + 1] = nameBytes.length;
    frame.set(nameBytes, lengthBytes + 2);
  }
  frame.set(body, lengthBytes + nameEnd);
  return frame;
}

/** A frame's content, length field removed. @throws ViciError `malformed` */
export function decodePacket(frame: Buffer): Packet {
  if (frame.length === 0) throw new ViciError('malformed', 'empty VICI packet');
  const number = frame.readUInt8();
  const type = typeNames.get(number);
  if (type === undefined) throw new ViciError('malformed', `VICI packet type ${number}`);
  if (!namedTypes.has(type)) return { type, name: '', message: decodeMessage(frame.subarray(1)) };
  const nameEnd = 2 + (frame.length > 1 ? frame.readUInt8(1) : 0);
  if (frame.length < nameEnd) throw new ViciError('malformed', 'VICI packet ends within its name');
  return { type, name: frame.subarray(2, nameEnd).toString('utf8'), message: decodeMessage(frame.subarray(nameEnd)) };
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #pending: Buffer[] = [];
  #size = 0;

  /** @param chunk kept, not copied. @returns complete frames so far, length fields removed. @throws ViciError `malformed` on a frame over the limit. */
  push(chunk: Uint8Array): readonly Buffer[] {
    this.#pending.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#size += chunk.length;
    const frames: Buffer[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): Buffer | undefined {
    if (this.#size < lengthBytes) return undefined;
    const joined = this.#joined();
    const length = joined.readUInt32BE();
    if (length > maxPacketBytes) throw new ViciError('malformed', `VICI packet of ${length} bytes, at most ${maxPacketBytes}`);
    const end = lengthBytes + length;
    if (joined.length < end) return undefined;
    this.#pending = [joined.subarray(end)];
    this.#size = joined.length - end;
    return joined.subarray(lengthBytes, end);
  }

  #joined(): Buffer {
    const [only, ...rest] = this.#pending;
    const joined = only !== undefined && rest.length === 0 ? only : Buffer.concat(this.#pending);
    this.#pending = [joined];
    return joined;
  }
}
