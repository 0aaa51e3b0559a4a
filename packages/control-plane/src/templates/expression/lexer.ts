/**
 * Splits the inside of a template expression into tokens. Not the place that decides what an expression is (parser.ts).
 * Syntax: https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions
 */
export type Token =
  | { readonly kind: 'name'; readonly text: string; readonly at: number }
  | { readonly kind: 'text'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly value: number; readonly at: number }
  | { readonly kind: 'mark'; readonly text: Mark; readonly at: number }
  | { readonly kind: 'end'; readonly at: number };
export type Mark = '(' | ')' | '[' | ']' | ',' | '.' | '.?';

const pattern = /(?<space>\s+)|(?<name>[A-Za-z_$][\w$]*)|'(?<text>(?:[^']|'')*)'|(?<number>[+-]?\d+(?:\.\d+)?)|(?<mark>\.\?|[()[\],.])/y;

/** Tokens, the last of kind `end`; or the offset of the first character that begins none. */
export function tokenize(source: string): readonly Token[] | { readonly badAt: number } {
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    pattern.lastIndex = at;
    const groups = pattern.exec(source)?.groups;
    if (groups === undefined) return { badAt: at };
    const { name, text, number, mark } = groups;
    if (name !== undefined) tokens.push({ kind: 'name', text: name, at });
    else if (text !== undefined) tokens.push({ kind: 'text', text: text.replaceAll("''", "'"), at });
    else if (number !== undefined) tokens.push({ kind: 'number', value: Number(number), at });
    // The pattern admits exactly the marks of the type.
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark as Mark, at });
    at = pattern.lastIndex;
  }
  tokens.push({ kind: 'end', at });
  return tokens;
}
