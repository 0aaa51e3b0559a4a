/**
 * VICI messages: a tree of sections, lists and key/values, to bytes and back. Pure; packets and framing are packet.ts.
 * Values are bytes on the wire; `text` and friends read them as UTF-8. Order of entries is kept, since charon cares
 * about it (the first of two equally good children is taken). Spec: README.md, "Message format".
 */
import { ViciError } from './errors.ts';

export type ViciValue = Uint8Array;
export type ViciItem = ViciValue | readonly ViciValue[] | ViciMessage;
/** A decoded section. The same key twice (`get-algorithms` does that): the last one stays. */
export type ViciMessage = ReadonlyMap<string, ViciItem>;

export type ViciInputItem = string | Uint8Array | readonly (string | Uint8Array)[] | ViciInput | undefined;
/** What may be encoded. `undefined` members are left out. Use a Map where order matters and names may look like numbers. */
export type ViciInput = { readonly [key: string]: ViciInputItem } | ReadonlyMap<string, ViciInputItem>;

const element = { sectionStart: 1, sectionEnd: 2, keyValue: 3, listStart: 4, listItem: 5, listEnd: 6 } as const;
const maxNameBytes = 0xff;
const maxValueBytes = 0xffff;
/** charon's own messages are four deep; a bound keeps hostile input from exhausting the stack. */
const maxDepth = 32;

/** A message made before, for one that is looked at and sent. */
export class EncodedMessage {
  readonly bytes: Uint8Array;

  /** @throws as `encodeMessage` */
  constructor(message: ViciInput) {
    this.bytes = encodeMessage(message);
  }
}

/** @throws ViciError `malformed` when a name or value does not fit its length field. */
export function encodeMessage(message: ViciInput): Buffer {
  const writer = new Writer();
  encodeSection(message, writer, 0);
  return writer.written();
}

function encodeSection(section: ViciInput, writer: Writer, depth: number): void {
  if (depth > maxDepth) throw new ViciError('malformed', 'sections nested too deep');
  for (const [key, item] of entriesOf(section)) {
    if (item === undefined) continue;
    if (typeof item === 'string' || item instanceof Uint8Array) {
      writer.byte(element.keyValue).name(key).value(key, item);
    } else if (isList(item)) {
      writer.byte(element.listStart).name(key);
      for (const value of item) writer.byte(element.listItem).value(key, value);
      writer.byte(element.listEnd);
    } else {
      writer.byte(element.sectionStart).name(key);
      encodeSection(item, writer, depth + 1);
      writer.byte(element.sectionEnd);
    }
  }
}

function entriesOf(section: ViciInput): Iterable<readonly [string, ViciInputItem]> {
  return section instanceof Map ? section.entries() : Object.entries(section);
}

function isList(item: ViciInputItem): item is readonly (string | Uint8Array)[] {
  return Array.isArray(item);
}

/** Writes into one buffer, which grows: a connection has a hundred names and values. */
class Writer {
  #bytes = Buffer.allocUnsafe(2048);
  #length = 0;

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
    return this;
  }

  name(name: string): this {
    const length = Buffer.byteLength(name);
    if (length > maxNameBytes) throw new ViciError('malformed', `name of ${length} bytes, at most ${maxNameBytes}`);
    this.byte(length).#reserve(length);
    this.#length += this.#bytes.write(name, this.#length);
    return this;
  }

  /** @param key named in the error; the value never: it may be a secret. */
  value(key: string, value: string | Uint8Array): this {
    const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
    if (length > maxValueBytes) throw new ViciError('malformed', `value of ${key} has ${length} bytes, at most ${maxValueBytes}`);
    this.byte(length >> 8)
      .byte(length & 0xff)
      .#reserve(length);
    if (typeof value === 'string') this.#bytes.write(value, this.#length);
    else this.#bytes.set(value, this.#length);
    this.#length += length;
    return this;
  }

  written(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.written());
    this.#bytes = larger;
  }
}

/** @throws ViciError `malformed` on anything but one well-formed message. */
export function decodeMessage(bytes: Uint8Array): ViciMessage {
  const reader = new Reader(bytes);
  const root = new Map<string, ViciItem>();
  const open: Map<string, ViciItem>[] = [root];
  while (!reader.isAtEnd()) {
    const section = open.at(-1);
    if (section === undefined) throw malformed('section closed that was not open', reader.offset);
    const type = reader.byte();
    switch (type) {
      case element.sectionStart: {
        if (open.length > maxDepth) throw malformed('sections nested too deep', reader.offset);
        const child = new Map<string, ViciItem>();
        section.set(reader.name(), child);
        open.push(child);
        break;
      }
      case element.sectionEnd:
        if (open.length === 1) throw malformed('section closed that was not open', reader.offset);
        open.pop();
        break;
      case element.keyValue:
        section.set(reader.name(), reader.value());
        break;
      case element.listStart:
        section.set(reader.name(), decodeList(reader));
        break;
      default:
        throw malformed(`element type ${type} here`, reader.offset);
    }
  }
  if (open.length !== 1) throw malformed(`${open.length - 1} sections left open`, reader.offset);
  return root;
}

function decodeList(reader: Reader): readonly ViciValue[] {
  const items: ViciValue[] = [];
  for (let type = reader.byte(); type !== element.listEnd; type = reader.byte()) {
    if (type !== element.listItem) throw malformed(`element type ${type} in a list`, reader.offset);
    items.push(reader.value());
  }
  return items;
}

function malformed(what: string, offset: number): ViciError {
  return new ViciError('malformed', `VICI message: ${what}, at byte ${offset}`);
}

/** Bounds-checked cursor; every read past the end is `malformed`. */
class Reader {
  readonly #bytes: Buffer;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  isAtEnd(): boolean {
    return this.offset === this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#advance(1)] ?? 0;
  }

  name(): string {
    const length = this.byte();
    const start = this.#advance(length);
    return this.#bytes.toString('utf8', start, start + length);
  }

  value(): ViciValue {
    const length = this.#bytes.readUInt16BE(this.#advance(2));
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** A list of a hundred SAs has ten thousand elements: no object is made but those handed on. @returns where it was. */
  #advance(length: number): number {
    const start = this.offset;
    const missing = start + length - this.#bytes.length;
    if (missing > 0) throw malformed(`ends ${missing} bytes early`, start);
    this.offset = start + length;
    return start;
  }
}
