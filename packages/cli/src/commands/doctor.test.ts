/** What doctor makes of a disk’s trouble. What it tries of xfrmd is doctor-xfrmd.test.ts and doctor-xfrmd.real.ts. */
import { expect, test } from 'vitest';
import { diskFinding } from './doctor.ts';

test('a disk is told with its remedy, also in a folder with a colon in its name', () => {
  const name = '/srv/vpn: data';
  expect(diskFinding(name, `the disk of ${name} is mounted read-only: mount it for writing`)).toEqual({
    name,
    state: 'missing',
    detail: 'the disk of /srv/vpn: data is mounted read-only',
    remedy: 'mount it for writing',
  });
  expect(diskFinding(name, undefined)).toEqual({ name, state: 'ok', detail: 'can be written' });
});
