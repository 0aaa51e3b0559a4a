/** The archive, byte for byte, and the rule of alignment. */
import { expect, test } from 'vitest';
import { cpioArchive } from './cpio.ts';

test('an empty archive is its trailer', () => {
  const text = cpioArchive([]).toString('latin1');
  expect(text).toBe(
    `070701${'00000000'}${'000081a4'}${'00000000'.repeat(2)}${'00000001'}${'00000000'.repeat(6)}${'0000000b'}${'00000000'}TRAILER!!!\0\0\0\0`,
  );
});

test('names and contents are aligned, modes and sizes told', () => {
  const archive = cpioArchive([
    { path: 'bin', kind: 'directory' },
    { path: 'bin/a', kind: 'file', content: Buffer.from('12345'), isExecutable: true },
  ]);
  expect(archive.length % 4).toBe(0);
  const start = archive.indexOf('070701', 6);
  expect(start % 4).toBe(0);
  expect(archive.subarray(start + 14, start + 22).toString()).toBe('000081ed');
  expect(archive.subarray(start + 54, start + 62).toString()).toBe('00000005');
  const content = archive.indexOf('12345');
  expect(content % 4).toBe(0);
  expect(archive.subarray(content + 5, content + 8)).toEqual(Buffer.alloc(3));
});
