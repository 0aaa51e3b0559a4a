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

/** @throws ViciError `malformed` when a name or value does not fit its length field. */
export function encodeMessage(message: ViciInput): Buffer {
  const parts: Uint8Array[] = [];
  encodeSection(message, parts, 0);
  return Buffer.concat(parts);
}

function encodeSection(section: ViciInput, parts: Uint8Array[], depth: number): void {
  if (depth > maxDepth) throw new ViciError('malformed', 'sections nested too deep');
  for (const [key, item] of entriesOf(section)) {
    if (item === undefined) continue;
    if (typeof item === 'string' || item instanceof Uint8Array) {
      parts.push(named(element.keyValue, key), ...valued(key, item));
    } else if (isList(item)) {
      parts.push(named(element.listStart, key));
      for (const value of item) parts.push(Buffer.of(element.listItem), ...valued(key, value));
      parts.push(Buffer.of(element.listEnd));
    } else {
      parts.push(named(element.sectionStart, key));
      encodeSection(item, parts, depth + 1);
      parts.push(Buffer.of(element.sectionEnd));
    }
  }
}

function entriesOf(section: ViciInput): Iterable<readonly [string, ViciInputItem]> {
  return section instanceof Map ? section.entries() : Object.entries(section);
}

function isList(item: ViciInputItem): item is readonly (string | Uint8Array)[] {
  return Array.isArray(item);
}

function named(type: number, name: string): Buffer {
  const bytes = Buffer.from(name, 'utf8');
  if (bytes.length > maxNameBytes) throw new ViciError('malformed', `name of ${bytes.length} bytes, at most ${maxNameBytes}`);
  return Buffer.concat([Buffer.of(type, bytes.length), bytes]);
}

/** The key is named in the error, the value never: it may be a secret. */
function valued(key: string, value: string | Uint8Array): readonly [Buffer, Uint8Array] {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  if (bytes.length > maxValueBytes) throw new ViciError('malformed', `value of ${key} has ${bytes.length} bytes, at most ${maxValueBytes}`);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return [length, bytes];
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
