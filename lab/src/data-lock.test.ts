/** One owner at a time, and none that outlives its process. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isLocked, lockDataDirectory } from './data-lock.ts';

test('a second owner is refused with the first one’s process id, and gets in after it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-lock-'));
  try {
    const first = await lockDataDirectory(directory, 'up');
    expect(await isLocked(directory, 'up')).toBe(true);
    expect(await isLocked(directory, 'agent')).toBe(false);
    await expect(lockDataDirectory(directory, 'up')).rejects.toThrow(`another \`sallyport up\` (process ${process.pid})`);
    first[Symbol.dispose]();
    expect(await isLocked(directory, 'up')).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
