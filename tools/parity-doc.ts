/**
 * Prints docs/azure-parity.md from the parity table. `node -C source tools/parity-doc.ts` rewrites the file; a test
 * compares (tools/parity-doc.test.ts).
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parityRows, paritySections, type ParityRow } from '@sallyport/model';

export const parityDocument: string = fileURLToPath(new URL('../docs/azure-parity.md', import.meta.url));

export function printParity(): string {
  const count = (status: ParityRow['status']): number => parityRows.filter((row) => row.status === status).length;
  return [
    '# Azure parity',
    '',
    'Rules of Azure that Sallyport knows of, and how it stands to each. Generated from `packages/model/src/arm/parity.ts` by',
    '`tools/parity-doc.ts`; do not edit. Every *implemented* row is a refusal in code and a test in `test/parity/` that name its id.',
    '',
    `${count('implemented')} implemented, ${count('differs')} differ on purpose, ${count('not yet')} not yet.`,
    ...paritySections.flatMap(({ title, rows }) => [
      '',
      `## ${title}`,
      '',
      '| id | rule | status | note |',
      '|---|---|---|---|',
      ...rows.map((row) => `| ${row.id} | ${escape(row.rule)} [source](${row.source}) | ${row.status} | ${escape(row.note)} |`),
    ]),
    '',
  ].join('\n');
}

function escape(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(parityDocument, printParity());
