/** What a failed run is told to have failed on. */
import { expect, test } from 'vitest';

import { countReport, type VitestReport } from './report.ts';

const passed = { status: 'passed', fullName: 'a holds' };
const report = (testResults: VitestReport['testResults']): VitestReport => ({
  numPassedTests: 1,
  testResults,
});

test('a failed test is named with its file and the first line of its reason', () => {
  const failed = { status: 'failed', fullName: 'b holds', failureMessages: ['\nexpected 1 to be 2\n    at somewhere'] };
  const count = countReport(report([{ name: '/clone/lab/a.test.ts', status: 'failed', assertionResults: [passed, failed] }]), 1, '/clone');
  expect(count).toEqual({ passed: 1, failed: 1, failures: ['lab/a.test.ts: b holds: expected 1 to be 2'] });
});

test('a file whose set-up failed counts once, whatever other files did', () => {
  const failed = { status: 'failed', fullName: 'b holds', failureMessages: [] };
  const count = countReport(
    report([
      {
        name: '/clone/a.test.ts',
        status: 'failed',
        message: 'Hook timed out',
        assertionResults: [{ status: 'skipped', fullName: 'never ran' }],
      },
      { name: '/clone/b.test.ts', status: 'failed', assertionResults: [failed] },
    ]),
    1,
    '/clone',
  );
  expect(count.failures).toEqual(['a.test.ts: did not run: Hook timed out', 'b.test.ts: b holds: no reason given']);
});

test('a run that ended badly without a failed test is one failure', () => {
  expect(countReport(report([]), 1, '/clone')).toMatchObject({ failed: 1, failures: [expect.stringContaining('ended with 1')] });
  expect(countReport(report([]), 0, '/clone')).toMatchObject({ failed: 0, failures: [] });
});
