/** Where a change of mode may leave SAs, and where not. */
import type { TunnelPlan } from '@sallyport/model';
import { expect, test } from 'vitest';
import { sampleTunnel } from '../../sample-plan.ts';
import { beforeModeChange } from './mode-change.ts';

const sample = sampleTunnel({ name: 'a', address: '198.51.100.21', prefixes: [] }, 1);
const pair = (third: number) => ({ local: ['10.1.0.0/16'], remote: [`192.168.${third}.0/24`] });

test.each<readonly [what: string, ike: Partial<TunnelPlan['ike']>, esp: Partial<TunnelPlan['esp']>, mayStay: boolean]>([
  ['to Default', {}, {}, true],
  ['to ResponderOnly', { initiates: false }, {}, false],
  ['to InitiatorOnly', { responds: false }, {}, false],
  ['where traffic starts it', {}, { idleTimeoutSeconds: 300 }, false],
  ['with one pair of selectors', {}, { acceptsOtherSelectors: true, selectors: [pair(1)] }, false],
  ['with two pairs of selectors, which have names of their own', {}, { acceptsOtherSelectors: true, selectors: [pair(1), pair(2)] }, true],
])('%s', (_what, ike, esp, mayStay) => {
  const before = beforeModeChange({ ...sample, ike: { ...sample.ike, ...ike }, esp: { ...sample.esp, ...esp } });
  expect(before === undefined ? undefined : [before.ike.initiates, before.ike.responds]).toEqual(mayStay ? [false, true] : undefined);
});
