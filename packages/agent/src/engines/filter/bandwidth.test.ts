/** The bandwidth of a gateway in its filter: before anything is let through, and only where the plan has it. */
import { expect, test } from 'vitest';
import { samplePlan } from '../../sample-plan.ts';
import { bandwidthRules } from './bandwidth.ts';
import { renderFilter } from './render.ts';

const rules = (bitsPerSecond: number): readonly string[] => bandwidthRules({ bandwidth: { bitsPerSecond } });

test('each way has the rate in bytes, and a tenth of a second of it at once', () => {
  expect(rules(650_000_000)).toEqual([
    'oifname "t*" limit rate over 81250000 bytes/second burst 8125000 bytes counter drop comment "bandwidth to sites"',
    'iifname "t*" limit rate over 81250000 bytes/second burst 8125000 bytes counter drop comment "bandwidth from sites"',
  ]);
});

test('however small the rate, a packet fits', () => {
  expect(rules(64_000)[0]).toContain('limit rate over 8000 bytes/second burst 16384 bytes');
});

test('without a bandwidth the filter has no such rule; with one it stands first in forward', () => {
  const [instance] = samplePlan([{ name: 'a', address: '198.51.100.21', prefixes: ['192.168.1.0/24'] }]).instances;
  if (instance === undefined) throw new Error('the sample plan has no instance');
  expect(renderFilter(instance, true).text).not.toContain('bandwidth');
  const { text, digest } = renderFilter({ ...instance, bandwidth: { bitsPerSecond: 1_000_000 } }, true);
  const forward = text.slice(text.indexOf('chain forward')).split('\n');
  expect(forward[2]).toContain('bandwidth to sites');
  expect(forward[3]).toContain('bandwidth from sites');
  expect(digest).not.toBe(renderFilter(instance, true).digest);
});
