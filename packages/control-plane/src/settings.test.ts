/** Settings are strict and every problem is told. */
import { expect, test } from 'vitest';
import { checkAddresses, parseSettings } from './settings.ts';
import { testSettings } from './testing/test-server.ts';

test('good settings get their defaults', () => {
  const settings = parseSettings(testSettings);
  expect(settings.operationTimeoutSeconds).toBe(3600);
  expect(settings.clients).toEqual([]);
});

test('every problem is listed with its place, never its value', () => {
  const wrong = {
    ...testSettings,
    tenantId: 'no-guid-but-Secret1',
    clientSecret: 'short',
    colour: 'blue',
    hosts: [{ name: 'H_1', regions: [] }],
  };
  const attempt = (): unknown => parseSettings(wrong);
  expect(attempt).toThrow(/tenantId: /);
  expect(attempt).toThrow(/clientSecret: /);
  expect(attempt).toThrow(/colour/);
  expect(attempt).toThrow(/hosts\.0\.name: /);
  expect(attempt).not.toThrow(/Secret1/);
});

test('a host in a region that does not exist, and a subscription twice, are problems', () => {
  const wrong = {
    ...testSettings,
    hosts: [{ name: 'h1', regions: ['marsnorth'] }],
    subscriptions: [testSettings.subscriptions[0], testSettings.subscriptions[0]],
  };
  expect(() => parseSettings(wrong)).toThrow(/marsnorth is not one of the locations[^]*an id appears twice/);
});

test('addresses are checked as well', () => {
  const listen = { host: '127.0.0.1', port: 0 };
  const wrong = { listen: { ...listen, port: 70_000 }, agentListen: listen, publicBaseUrl: 'http://vpn.example' };
  expect(() => checkAddresses(wrong)).toThrow(/listen\.port: [^]*publicBaseUrl: an https URL/);
  checkAddresses({ listen, agentListen: listen, publicBaseUrl: 'https://vpn.example:8443/' });
});
