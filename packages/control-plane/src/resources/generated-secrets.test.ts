/** Keys the service makes: never the one that is in force. What a reset answers by HTTP is test/parity/shared-key.test.ts. */
import { expect, test } from 'vitest';
import { newSharedKey } from './generated-secrets.ts';

test('VGW-KEY-007: a new key is never the current one, however short it is', () => {
  const keys = Array.from({ length: 2000 }, () => newSharedKey(1, '0'));
  expect(keys).not.toContain('0');
  expect(new Set(keys).size).toBeGreaterThan(10);
});
