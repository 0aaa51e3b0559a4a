/** docs/reference/cli.md is what the commands say of themselves, and every option a usage line or a list of options. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commands } from '@sallyport/cli';
import { cliDocument, printCli } from './cli-doc.ts';

it('docs/reference/cli.md is printed from the help of the commands (node -C source tools/cli-doc.ts)', async () => {
  expect(readFileSync(cliDocument, 'utf8')).toBe(await printCli());
});

it('every option that is explained is in the usage, but --data-dir and --json where all of a command has them', async () => {
  for (const [name, load] of Object.entries(commands)) {
    const { help } = await load();
    const [usage = '', options = ''] = help.split('\nOptions:\n');
    const explained = [...options.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, option]) => option ?? '');
    const missing = explained.filter((option) => !usage.includes(option) && option !== '--data-dir');
    expect([name, missing]).toEqual([name, []]);
  }
});
