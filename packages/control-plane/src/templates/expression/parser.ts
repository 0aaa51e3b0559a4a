/**
 * Template expressions as trees: `[concat(parameters('a'), '-x').b[0]]`. Parsing only; meaning is evaluate.ts.
 * A string is an expression when it starts with `[` and ends with `]`; `[[` escapes a literal bracket.
 */
import { tokenize, type Mark, type Token } from './lexer.ts';
import { TemplateError } from '../template-error.ts';

export type Expression =
  | { readonly kind: 'literal'; readonly value: string | number }
  | { readonly kind: 'call'; readonly namespace?: string; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: Expression; readonly isSafe: boolean };

/** The tree, or the literal text when the string is none. @throws TemplateError InvalidTemplate */
export function parseTemplateString(text: string): Expression | string {
  if (!isBracketed(text)) return text;
  if (text.startsWith('[[')) return text.slice(1);
  return new Parser(text).whole();
}

/** True for strings that will be evaluated. */
export function isExpression(text: string): boolean {
  return isBracketed(text) && !text.startsWith('[[');
}

function isBracketed(text: string): boolean {
  return text.length > 1 && text.startsWith('[') && text.endsWith(']');
}

/** Deeper than anything written by hand or by Bicep; bounds the recursion. */
const maxDepth = 100;

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(source: string) {
    this.#source = source;
    const tokens = tokenize(source.slice(1, -1));
    if (!Array.isArray(tokens)) this.#fail(`an unexpected character was found at position '${(tokens as { badAt: number }).badAt + 1}'`);
    this.#tokens = tokens as readonly Token[];
  }

  whole(): Expression {
    const expression = this.#expression(0);
    if (this.#peek().kind !== 'end') this.#fail(`expected token 'EndOfData' and actual '${this.#describe()}'`);
    return expression;
  }

  #fail(reason: string): never {
    throw new TemplateError('InvalidTemplate', `The language expression '${this.#source.slice(1, -1)}' is not valid: ${reason}.`);
  }

  #peek(): Token {
    return this.#tokens[this.#index] ?? { kind: 'end', at: this.#source.length };
  }

  #describe(): string {
    const token = this.#peek();
    if (token.kind === 'end') return 'EndOfData';
    return token.kind === 'number' ? String(token.value) : token.text;
  }

  #take(mark: Mark): boolean {
    const token = this.#peek();
    if (token.kind !== 'mark' || token.text !== mark) return false;
    this.#index += 1;
    return true;
  }

  #expect(mark: Mark): void {
    if (!this.#take(mark)) this.#fail(`expected token '${mark}' and actual '${this.#describe()}'`);
  }

  #name(): string {
    const token = this.#peek();
    if (token.kind !== 'name') this.#fail(`a name was expected and '${this.#describe()}' found`);
    this.#index += 1;
    return token.text;
  }

  #expression(depth: number): Expression {
    if (depth > maxDepth) this.#fail(`nested deeper than ${maxDepth} levels`);
    let expression = this.#primary(depth);
    for (;;) {
      if (this.#take('.')) expression = member(expression, literal(this.#name()), false);
      else if (this.#take('.?')) expression = member(expression, literal(this.#name()), true);
      else if (this.#take('[')) {
        expression = member(expression, this.#expression(depth + 1), false);
        this.#expect(']');
      } else return expression;
    }
  }

  #primary(depth: number): Expression {
    const token = this.#peek();
    if (token.kind === 'text' || token.kind === 'number') {
      this.#index += 1;
      return literal(token.kind === 'text' ? token.text : token.value);
    }
    const name = this.#name();
    if (this.#take('.')) return { ...this.#call(this.#name(), depth), namespace: name };
    return this.#call(name, depth);
  }

  #call(name: string, depth: number): Extract<Expression, { kind: 'call' }> {
    this.#expect('(');
    const args: Expression[] = [];
    if (!this.#take(')')) {
      do args.push(this.#expression(depth + 1));
      while (this.#take(','));
      this.#expect(')');
    }
    return { kind: 'call', name, args };
  }
}

function literal(value: string | number): Expression {
  return { kind: 'literal', value };
}

function member(of: Expression, name: Expression, isSafe: boolean): Expression {
  return { kind: 'member', of, name, isSafe };
}
