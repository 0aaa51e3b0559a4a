/** What is read of charon's answers beyond copying them. */
import { describe, expect, it } from 'vitest';
import { readSa } from './observe.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('an exchange for a child is under way', () => {
  it.for([
    ['that is queued', 'tasks-queued', 'QUICK_MODE', true],
    ['that we began', 'tasks-active', 'CHILD_CREATE', true],
    // A child of our own would come beside it: a peer that answers slowly then had two.
    ['that the peer began', 'tasks-passive', 'QUICK_MODE', true],
    ['but not when the peer asks whether we live', 'tasks-passive', 'ISAKMP_DPD', false],
  ] as const)('%s', ([, kind, task, expected]) => {
    expect(readSa({ name: 'hq', body: new Map([[kind, [bytes(task)]]]) }).isCreatingChild).toBe(expected);
  });
});
