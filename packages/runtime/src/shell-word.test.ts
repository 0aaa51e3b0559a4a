/** Words that a shell is given, read back by one. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { shellWord } from './shell-word.ts';

test.each(['/run/sallyport/client.json', 'plain', '', 'a b', "it's", '$(id)', '`id`', '"', '\\', '*', '~', 'two\nlines', '-n'])(
  'sh takes %j for one word',
  (word) => {
    expect(execFileSync('sh', ['-c', `printf '%s|' ${shellWord(word)}`], { encoding: 'utf8' })).toBe(`${word}|`);
  },
);

test('a plain path stays as it is', () => {
  expect(shellWord('/tmp/sallyport-x1/ca.pem')).toBe('/tmp/sallyport-x1/ca.pem');
});
