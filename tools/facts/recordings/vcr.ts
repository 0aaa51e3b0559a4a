/**
 * The YAML that VCR writes, and no more of YAML: block maps and lists, plain and quoted scalars that may go on over lines.
 * Not a YAML parser: what PyYAML's dumper does not emit is not read.
 */
import type { Json } from './recorded.ts';

type Line = { readonly indent: number; readonly text: string };

export function parseVcr(source: string): Json {
  const reader = new Reader(source.split('\n').map((raw): Line => ({ indent: raw.length - raw.trimStart().length, text: raw.trim() })));
  return reader.block(0);
}

class Reader {
  #at = 0;
  readonly #lines: readonly Line[];

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  block(indent: number): Json {
    return this.#line()?.text.startsWith('- ') === true ? this.#list(indent) : this.#map(indent);
  }

  #list(indent: number): Json {
    const items: Json[] = [];
    for (let line = this.#line(); line !== undefined && line.indent === indent && line.text.startsWith('- '); line = this.#line()) {
      const rest = line.text.slice(2);
      if (isEntry(rest)) {
        this.#replace({ indent: indent + 2, text: rest });
        items.push(this.#map(indent + 2));
      } else {
        this.#at += 1;
        items.push(this.#scalar(rest, indent));
      }
    }
    return items;
  }

  #map(indent: number): Json {
    const members: Record<string, Json> = {};
    for (let line = this.#line(); line !== undefined && line.indent === indent && isEntry(line.text); line = this.#line()) {
      const colon = line.text.search(/:( |$)/);
      const [name, rest] = [line.text.slice(0, colon), line.text.slice(colon + 1).trim()];
      this.#at += 1;
      members[name] = rest === '' ? this.#below(indent) : this.#scalar(rest, indent);
    }
    return members;
  }

  /** A list may begin in the column of its name. */
  #below(indent: number): Json {
    const next = this.#line();
    if (next === undefined || next.indent < indent) return null;
    if (next.indent === indent && !next.text.startsWith('- ')) return null;
    return this.block(next.indent);
  }

  #scalar(first: string, indent: number): Json {
    if (first.startsWith("'")) return this.#quoted(first.slice(1), (text) => /^(?:[^']|'')*'$/.test(text), single);
    if (first.startsWith('"')) return this.#quoted(first.slice(1), (text) => /^(?:[^"\\]|\\.)*"$/s.test(text), double);
    const parts = [first];
    for (let line = this.#line(); line !== undefined && line.indent > indent && line.text !== ''; line = this.#line()) {
      parts.push(line.text);
      this.#at += 1;
    }
    const text = parts.join(' ');
    if (text === 'null' || text === '{}' || text === '[]') return JSON.parse(text) as Json;
    return /^-?\d+$/.test(text) ? Number(text) : text;
  }

  /** Folded lines become one space, a blank line a line feed; in double quotes a backslash at the end joins without a space. */
  #quoted(first: string, isWhole: (text: string) => boolean, finish: (text: string) => string): string {
    let text = first;
    while (!isWhole(text)) {
      const line = this.#line(true);
      if (line === undefined) throw new Error(`a quoted text does not end: ${first.slice(0, 60)}`);
      this.#at += 1;
      const joined = /(?:^|[^\\])(?:\\\\)*\\$/.test(text);
      if (line.text === '') text += '\n';
      else text = joined ? text.slice(0, -1) + line.text : text + (text.endsWith('\n') ? '' : ' ') + line.text;
    }
    return finish(text.slice(0, -1));
  }

  #line(isBlankWanted = false): Line | undefined {
    while (!isBlankWanted && this.#lines[this.#at]?.text === '') this.#at += 1;
    return this.#lines[this.#at];
  }

  #replace(line: Line): void {
    (this.#lines as Line[])[this.#at] = line;
  }
}

const isEntry = (text: string): boolean => /^[A-Za-z0-9_.-]+:( |$)/.test(text);

const single = (text: string): string => text.replaceAll("''", "'");

function double(text: string): string {
  const escapes: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', ' ': ' ', '"': '"', '\\': '\\', '/': '/', '0': '\0' };
  return text.replaceAll(/\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)/gs, (_whole, code: string) =>
    code.length > 1 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code),
  );
}
