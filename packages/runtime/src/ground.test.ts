/** What is said of a folder on a disk that is full, read-only or not ours. */
import { expect, test } from 'vitest';
import { groundTrouble } from './ground.ts';
import type { Disk } from './ground.ts';

const roomy = { blocks: 1000, bsize: 4096, bfree: 900, bavail: 900, files: 100, ffree: 50 };
const disk = (space: Partial<typeof roomy>, code?: string): Disk => ({
  access: () => {
    if (code !== undefined) throw Object.assign(new Error(code), { code });
  },
  space: () => ({ ...roomy, ...space }),
});

test.each([
  ['one that has room', disk({}), undefined],
  ['a full one', disk({ bfree: 3, bavail: 0 }), 'the disk of /data is full: free some space on it'],
  ['one without inodes', disk({ ffree: 0 }), 'the disk of /data has as many files as it can: remove some'],
  ['one without limits', disk({ blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 }), undefined],
  ['a read-only one', disk({}, 'EROFS'), 'the disk of /data is mounted read-only: mount it for writing'],
  ['somebody else’s', disk({}, 'EACCES'), "/data can't be written (EACCES): run as its owner, or choose another place"],
] as const)('%s', (_name, given, sentence) => {
  expect(groundTrouble('/data', given)).toBe(sentence);
});

test('a file in place of the folder', () => {
  const { filename } = import.meta;
  expect(groundTrouble(`${filename}/data`)).toBe(`${filename} is no folder: remove the file, or choose another place`);
});
