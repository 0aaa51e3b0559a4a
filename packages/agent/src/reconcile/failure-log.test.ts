/** A failure is logged once until it changes, and its end is logged. */
import { expect, test } from 'vitest';
import type { Logger } from '@sallyport/runtime';
import { silentLogger } from '@sallyport/runtime';
import { createFailureLog } from './failure-log.ts';

function newLog() {
  const lines: string[] = [];
  const note =
    (level: string): Logger['info'] =>
    (fields, message) =>
      lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  const log = createFailureLog({ ...silentLogger, info: note('info'), warn: note('warn'), error: note('error') });
  return { lines, log };
}

const noKey = { resource: 'hq', code: 'KeyUnavailable', message: 'the control plane is away' };

test('what fails in every pass is logged once, and once more when it is over', () => {
  const { lines, log } = newLog();
  for (let pass = 0; pass < 5; pass += 1) {
    log.say('warn', noKey, 'could not apply part of the plan');
    log.say('warn', noKey, 'could not apply part of the plan');
    log.passEnded();
  }
  log.passEnded();
  log.passEnded();
  expect(lines).toEqual([
    `warn could not apply part of the plan ${JSON.stringify(noKey)}`,
    'info no longer fails {"was":"could not apply part of the plan","resource":"hq"}',
  ]);
});

test('a failure that turns into another is logged anew and is not over', () => {
  const { lines, log } = newLog();
  for (const reason of ['away', 'away', 'not found', 'not found', 'away']) {
    log.say('warn', { instance: 'gw', err: new Error(reason) }, 'engine failed');
    log.passEnded();
  }
  expect(lines.map((line) => line.split(' ', 3).join(' '))).toEqual(Array(3).fill('warn engine failed'));
});

test('what comes back after it was over is logged again', () => {
  const { lines, log } = newLog();
  for (const isFailing of [true, false, true]) {
    if (isFailing) log.say('error', { namespace: 'gw' }, 'could not remove it');
    log.passEnded();
  }
  expect(lines).toEqual([
    'error could not remove it {"namespace":"gw"}',
    'info no longer fails {"was":"could not remove it","namespace":"gw"}',
    'error could not remove it {"namespace":"gw"}',
  ]);
});
