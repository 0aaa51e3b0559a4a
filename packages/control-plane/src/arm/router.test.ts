/** Which route answers which path. */
import { expect, test } from 'vitest';
import type { ArmMethod } from './message.ts';
import type { ArmRoute } from './router.ts';
import { createRouter } from './router.ts';

const route = (method: ArmMethod, pattern: string): ArmRoute => ({ method, pattern, handle: () => ({ status: 200 }) });
const segments = (path: string): readonly string[] => path.split('/').filter((segment) => segment !== '');

const router = createRouter([
  route('GET', '/subscriptions/{subscription}'),
  route('GET', '/subscriptions/{subscription}/{kind}/{name}'),
  route('PUT', '/subscriptions/{subscription}/{kind}/{name}'),
  route('POST', '/subscriptions/{subscription}/gateways/{name}/reset'),
  route('GET', '/subscriptions/{subscription}/gateways/special'),
  route('GET', '/files/{*rest}'),
]);

test('literals are compared without case and captures keep their spelling', () => {
  const match = router.match('GET', segments('/SUBSCRIPTIONS/Abc'));
  expect(match.type === 'found' && match.path.get('subscription')).toBe('Abc');
});

test('a literal path wins over a parameter, and a dead end goes back', () => {
  const special = router.match('GET', segments('/subscriptions/s/gateways/special'));
  expect(special.type === 'found' && special.route.pattern).toBe('/subscriptions/{subscription}/gateways/special');
  const other = router.match('GET', segments('/subscriptions/s/gateways/other'));
  expect(other.type === 'found' && other.route.pattern).toBe('/subscriptions/{subscription}/{kind}/{name}');
});

test('a known path with another method says which methods there are', () => {
  expect(router.match('DELETE', segments('/subscriptions/s/gateways/other'))).toEqual({
    type: 'methodNotAllowed',
    allowed: ['GET', 'PUT'],
  });
  expect(router.match('GET', segments('/nowhere'))).toEqual({ type: 'notFound' });
});

test('the rest of a path is one capture, and HEAD falls back to GET', () => {
  const match = router.match('HEAD', segments('/files/a/b/c'));
  expect(match.type === 'found' && match.path.get('rest')).toBe('a/b/c');
});

test('two routes for the same thing are a mistake', () => {
  expect(() => createRouter([route('GET', '/a/{x}'), route('GET', '/A/{x}')])).toThrow(/two routes for GET/);
});
