/** Secrets of clients, as people type them. Signing in with one is sign-in.test.ts. */
import { expect, test } from 'vitest';
import { newClientSecret } from './clients.ts';

test('a client secret is never taken for an option', () => {
  const secrets = Array.from({ length: 2000 }, newClientSecret);
  expect(secrets.filter((secret) => !/^[A-Za-z0-9_][A-Za-z0-9_-]{39}$/.test(secret))).toEqual([]);
  expect(new Set(secrets).size).toBe(2000);
});
