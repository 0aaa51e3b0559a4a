/** A disk that fills in the middle of a file, as a limit on the size of files: the kernel takes the first part and says so by its number only. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeWholeFile } from './whole-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-whole-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('a file that does not fit on the disk leaves the old one, nothing else, and an error that names it', () => {
  const file = join(directory, 'folder', 'plan.json');
  writeWholeFile(file, 'the old plan');
  const program = `
    import { writeWholeFile } from ${JSON.stringify(join(import.meta.dirname, 'whole-file.ts'))};
    try {
      writeWholeFile(${JSON.stringify(file)}, 'new'.repeat(3000));
    } catch (error) {
      console.log(error.code, error.message);
    }`;
  const { stdout, stderr } = spawnSync('prlimit', ['--fsize=4096', process.execPath, '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  expect([stdout.trim(), stderr]).toEqual([`EFBIG could not write ${file}: EFBIG: file too large, write`, '']);
  expect(readFileSync(file, 'utf8')).toBe('the old plan');
  expect(readdirSync(join(directory, 'folder'))).toEqual(['plan.json']);
});

test('only its owner may read it, unless told otherwise', () => {
  const [secret, open] = [join(directory, 'new', 'key.pem'), join(directory, 'ca.pem')];
  writeWholeFile(secret, 'key', { isDurable: false });
  writeWholeFile(open, 'certificate', { mode: 0o644 });
  expect([secret, join(directory, 'new'), open].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o700, 0o644]);
});
