/** What survives a restart of the agent: the last plan, secrets. And what does not get in. */
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PlanNumber, SecretReference } from '@sallyport/model';
import { Secret } from '@sallyport/runtime';
import { samplePlan } from '../sample-plan.ts';
import { parsePlanMessage } from './control-client.ts';
import { openPlanStore } from './plan-store.ts';
import { openSecretStore } from './secret-store.ts';

let stateDirectory = '';
beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'sallyport-stores-'));
});
afterEach(() => rmSync(stateDirectory, { recursive: true, force: true }));

const peer = { name: 'a', address: '198.51.100.21', prefixes: ['192.168.1.0/24'] };
const numbered = (number: number) => ({ number: number as PlanNumber, plan: samplePlan([peer]) });

test('a plan is there after a restart, and a lower or equal number is refused', () => {
  const store = openPlanStore({ stateDirectory }, 'host-1');
  expect(store.current()).toBeUndefined();
  expect(store.accept(numbered(7))).toBeUndefined();
  const reopened = openPlanStore({ stateDirectory }, 'host-1');
  expect(reopened.current()).toEqual(numbered(7));
  expect(reopened.accept(numbered(6))).toBe('refused plan 6: this host already has 7');
  expect(reopened.accept(numbered(7))).toBe('refused plan 7: this host already has 7');
  expect(reopened.current()?.number).toBe(7);
  expect(readdirSync(stateDirectory)).toEqual(['plan.json']);
});

test('a higher number of another store is refused; where one side names no store, numbers alone decide', () => {
  const store = openPlanStore({ stateDirectory }, 'host-1');
  store.accept(numbered(6));
  store.accept({ ...numbered(7), store: 'first' });
  const reopened = openPlanStore({ stateDirectory }, 'host-1');
  expect(reopened.accept({ ...numbered(90), store: 'second' })).toBe(
    "refused plan 90 of another control plane's store: this host has 7 of its own",
  );
  expect(reopened.current()).toMatchObject({ number: 7, store: 'first' });
  expect(reopened.accept({ ...numbered(8), store: 'first' })).toBeUndefined();
});

test('a half-written plan of a crash is not seen', () => {
  const store = openPlanStore({ stateDirectory }, 'host-1');
  store.accept(numbered(7));
  writeFileSync(join(stateDirectory, 'plan.json.new'), '{"number": 8, "pl');
  expect(openPlanStore({ stateDirectory }, 'host-1').current()?.number).toBe(7);
});

test('a damaged plan is told with the remedy', () => {
  openPlanStore({ stateDirectory }, 'host-1').accept(numbered(7));
  writeFileSync(join(stateDirectory, 'plan.json'), '{"number": 8, "pl');
  expect(() => openPlanStore({ stateDirectory }, 'host-1')).toThrow(
    `${join(stateDirectory, 'plan.json')} is damaged: remove it, and the agent asks the control plane for the plan`,
  );
});

test('a stored plan of another host is not acted on', () => {
  openPlanStore({ stateDirectory }, 'host-1').accept(numbered(7));
  expect(() => openPlanStore({ stateDirectory }, 'host-2')).toThrow('plan 7 is not a plan of host host-2');
});

test('messages of another protocol version or without a plan are refused', () => {
  expect(() => parsePlanMessage({ protocolVersion: 2, number: 1, plan: {} }, 'host-1')).toThrow('speaks agent protocol 2, this agent 1');
  expect(() => parsePlanMessage({ protocolVersion: 1, number: 1.5, plan: {} }, 'host-1')).toThrow('without a number');
  expect(() => parsePlanMessage(null, 'host-1')).toThrow('speaks agent protocol');
});

const reference: SecretReference = samplePlan([peer]).instances[0]?.tunnels[0]?.ike.sharedKey ?? { id: '', version: 0 };

test('a secret is fetched once and then read from a file only root can read', async () => {
  let fetches = 0;
  const fetch = (): Promise<Secret> => {
    fetches += 1;
    return Promise.resolve(new Secret('abc'));
  };
  const store = openSecretStore({ stateDirectory }, fetch, true);
  expect((await store.secret(reference)).reveal()).toBe('abc');
  expect((await store.secret(reference)).reveal()).toBe('abc');
  expect((await openSecretStore({ stateDirectory }, fetch, true).secret(reference)).reveal()).toBe('abc');
  expect(fetches).toBe(1);
  const [file = ''] = readdirSync(join(stateDirectory, 'secrets'));
  expect(statSync(join(stateDirectory, 'secrets', file)).mode & 0o777).toBe(0o600);
  expect(statSync(join(stateDirectory, 'secrets')).mode & 0o777).toBe(0o700);
});

test('copies that no plan mentions are removed', async () => {
  const store = openSecretStore({ stateDirectory }, () => Promise.resolve(new Secret('abc')), true);
  await store.secret(reference);
  await store.secret({ ...reference, version: reference.version + 1 });
  store.prune(samplePlan([peer]));
  expect(readdirSync(join(stateDirectory, 'secrets'))).toHaveLength(1);
  store.prune(samplePlan([]));
  expect(readdirSync(join(stateDirectory, 'secrets'))).toEqual([]);
});
