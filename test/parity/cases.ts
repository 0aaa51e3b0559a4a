/** How a parity test is written: a rule's id, the code of the refusal, and what is refused. */
import { expect, it } from 'vitest';
import type { Issue } from '@sallyport/model';
import { refusals, type PutResult } from './world.ts';

export type RefusalCase = readonly [rule: string, code: string, what: string, attempt: () => PutResult | readonly Issue[]];

export function refuses(cases: readonly RefusalCase[]): void {
  it.each(cases)('%s %s: %s', (rule, code, _what, attempt) => {
    expect(refusals(attempt())).toContain(`${rule} ${code}`);
  });
}

export type AcceptedCase = readonly [what: string, attempt: () => PutResult | readonly Issue[]];

/** The other side of the fence: what the rules must let through. */
export function accepts(cases: readonly AcceptedCase[]): void {
  it.each(cases)('accepts %s', (_what, attempt) => {
    expect(refusals(attempt())).toEqual(['accepted']);
  });
}
