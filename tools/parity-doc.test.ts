/** docs/azure-parity.md is what the table says. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parityDocument, printParity } from './parity-doc.ts';

it('docs/azure-parity.md is printed from the table (node -C source tools/parity-doc.ts)', () => {
  expect(readFileSync(parityDocument, 'utf8')).toBe(printParity());
});
