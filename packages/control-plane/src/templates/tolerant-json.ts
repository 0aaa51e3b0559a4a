/**
 * Reads deployment request bodies. Azure CLI splices a template file's text as it is into an otherwise hand-made body
 * (`{"properties": {"mode": "Incremental", template:{…}}}`), so beside JSON this takes unquoted keys, comments, trailing
 * commas, single quotes and raw line breaks inside strings. It remembers where each member stands, because ARM's
 * template errors name line and column. Not for other requests: those are strict JSON.
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { TemplateError } from './template-error.ts';

/** 1-based line and column, in the request body, of a value's first character. */
export type Position = { readonly line: number; readonly column: number };
export type TolerantJson = {
  readonly value: JsonValue;
  /** By path, `properties.template.resources[0].name`; without case. */
  readonly positionOf: (path: string) => Position | undefined;
};

/** Deeper nesting than any template has; bounds the recursion. */
const maxDepth = 128;

/** @throws TemplateError InvalidRequestContent */
export function parseTolerantJson(text: string): TolerantJson {
  const reader = new Reader(text);
  const value = reader.document();
  return { value, positionOf: (path) => reader.positionOf(path) };
}

class Reader {
  readonly #text: string;
  readonly #starts = new Map<string, number>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    if (this.#text.startsWith('\uFEFF')) this.#at = 1;
    const value = this.#value('', 0);
    this.#skip();
    if (this.#at < this.#text.length) this.#fail('more text after the end of the document');
    return value;
  }

  positionOf(path: string): Position | undefined {
    const at = this.#starts.get(path.toLowerCase());
    return at === undefined ? undefined : this.#position(at);
  }

  #position(at: number): Position {
    const before = this.#text.slice(0, at);
    const lineStart = before.lastIndexOf('\n') + 1;
    return { line: before.split('\n').length, column: at - lineStart + 1 };
  }

  #fail(reason: string): never {
    const { line, column } = this.#position(this.#at);
    throw new TemplateError(
      'InvalidRequestContent',
      `The request content was invalid and could not be deserialized: '${reason}, line ${line}, position ${column}.'.`,
    );
  }

  #skip(): void {
    for (;;) {
      const match = /[\s\uFEFF]+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
      match.lastIndex = this.#at;
      const found = match.exec(this.#text);
      if (found === null) return;
      this.#at += found[0].length;
    }
  }

  #next(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #value(path: string, depth: number): JsonValue {
    if (depth > maxDepth) this.#fail(`nested deeper than ${maxDepth} levels`);
    this.#skip();
    this.#starts.set(path.toLowerCase(), this.#at);
    const first = this.#text[this.#at];
    if (first === '{') return this.#object(path, depth);
    if (first === '[') return this.#array(path, depth);
    if (first === '"' || first === "'") return this.#string(first);
    const number = this.#next(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])/);
    if (number !== undefined) return Number(number);
    const word = this.#next(/true\b|false\b|null\b/);
    if (word === undefined) this.#fail(first === undefined ? 'unexpected end of the document' : `unexpected character ${first}`);
    return word === 'null' ? null : word === 'true';
  }

  #object(path: string, depth: number): JsonObject {
    const members: [string, JsonValue][] = [];
    this.#at += 1;
    for (;;) {
      this.#skip();
      if (this.#next(/\}/) !== undefined) return Object.fromEntries(members);
      const quote = this.#text[this.#at];
      const key = quote === '"' || quote === "'" ? this.#string(quote) : this.#next(/[A-Za-z_$][\w$]*/);
      if (key === undefined) this.#fail('a property name was expected');
      this.#skip();
      if (this.#next(/:/) === undefined) this.#fail(`':' was expected after property ${key}`);
      members.push([key, this.#value(path === '' ? key : `${path}.${key}`, depth + 1)]);
      this.#skip();
      if (this.#next(/,/) === undefined && this.#text[this.#at] !== '}') this.#fail("',' or '}' was expected");
    }
  }

  #array(path: string, depth: number): JsonValue[] {
    const items: JsonValue[] = [];
    this.#at += 1;
    for (;;) {
      this.#skip();
      if (this.#next(/\]/) !== undefined) return items;
      items.push(this.#value(`${path}[${items.length}]`, depth + 1));
      this.#skip();
      if (this.#next(/,/) === undefined && this.#text[this.#at] !== ']') this.#fail("',' or ']' was expected");
    }
  }

  #string(quote: string): string {
    this.#at += 1;
    const plain = quote === '"' ? /[^"\\]+/ : /[^'\\]+/;
    let text = '';
    for (;;) {
      text += this.#next(plain) ?? '';
      if (this.#at >= this.#text.length) this.#fail('unterminated string');
      this.#at += 1;
      if (this.#text[this.#at - 1] === quote) return text;
      text += this.#escape();
    }
  }

  #escape(): string {
    const code = this.#next(/u[0-9a-fA-F]{4}/);
    if (code !== undefined) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    const letter = this.#next(/[\s\S]/);
    const known: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f', '\n': '' };
    if (letter === undefined || letter === 'u') this.#fail('bad escape in a string');
    return known[letter] ?? letter;
  }
}
