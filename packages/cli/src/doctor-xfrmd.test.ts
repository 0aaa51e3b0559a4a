/** What `sallyport doctor` says of xfrmd's confinement, from what xfrmd says. */
import { expect, test } from 'vitest';
import { confinementFinding } from './doctor-xfrmd.ts';

test('all of it is ok', () => {
  expect(confinementFinding({ systemCalls: true, files: true, missing: '' })).toMatchObject({ state: 'ok' });
});

test('what the kernel lacks is named, with its remedy', () => {
  const missing = 'Landlock: Function not implemented';
  expect(confinementFinding({ systemCalls: true, files: false, missing })).toEqual({
    name: 'xfrmd confinement',
    state: 'note',
    detail: 'least capabilities, not files closed: Landlock: Function not implemented',
    remedy: 'closing files needs Landlock: Linux 5.13 or later, with landlock in /sys/kernel/security/lsm (boot option lsm=)',
  });
  expect(confinementFinding({ systemCalls: false, files: true, missing: 'seccomp: Invalid argument' })).toMatchObject({
    state: 'note',
    detail: 'least capabilities, not system calls filtered: seccomp: Invalid argument',
    remedy: 'filtering system calls needs CONFIG_SECCOMP_FILTER in the kernel',
  });
});
