/** Network Watcher's VPN troubleshooting as users drive it: the SDK's pollers, and az, which finds the watcher by the target's region. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Az } from '../tools/az.ts';
import { buildSiteToSite, networkId } from './site-to-site.ts';
import { startAzSystem, type AzSystem } from './az-system.ts';
import { collect, type System } from './system.ts';

const group = 'hub';
const watchers = 'NetworkWatcherRG';
const storageAccount = (system: System): string =>
  `/subscriptions/${system.subscriptionId}/resourceGroups/${group}/providers/Microsoft.Storage/storageAccounts/logs`;
const storagePath = 'https://logs.blob.core.windows.net/vpn';
let azSystem: AzSystem;
let system: System;
let az: Az;

beforeAll(async () => {
  const reason = { code: 'WrongKey', message: 'peer 203.0.113.10 did not prove our shared key', at: '2026-11-28T03:00:00Z' };
  const agent = { connection: () => ({ status: 'NotConnected', reason }) as const };
  azSystem = await startAzSystem({ agent }, (made) => buildSiteToSite(made, group));
  ({ loadedAz: az, system } = azSystem);
});
afterAll(() => azSystem[Symbol.asyncDispose]());

test('az makes the watcher of a region, and finds it again', async () => {
  await az.json('group', 'create', '-n', watchers, '-l', 'westeurope');
  await az.json('network', 'watcher', 'configure', '-g', watchers, '-l', 'westeurope', '--enabled', 'true');
  expect(await az.tsv('network', 'watcher', 'list', '--query', '[].[location,resourceGroup,provisioningState]')).toEqual([
    ['westeurope', watchers, 'Succeeded'],
  ]);
});

test('az starts a diagnosis of a connection and shows it', async () => {
  const target = ['-g', group, '--resource', 'hq-to-branch', '--resource-type', 'vpnConnection'];
  const storage = ['--storage-account', storageAccount(system), '--storage-path', storagePath];
  const expected = {
    code: 'UnHealthy',
    results: [{ reasonType: 'Authentication', detail: 'peer 203.0.113.10 did not prove our shared key' }],
  };
  expect(await az.json('network', 'watcher', 'troubleshooting', 'start', ...target, ...storage)).toMatchObject(expected);
  expect(await az.json('network', 'watcher', 'troubleshooting', 'show', ...target)).toMatchObject(expected);
});

test('the SDK lists, troubleshoots and asks again', async () => {
  const [watcher] = await collect(system.network.networkWatchers.listAll());
  expect(watcher).toMatchObject({ location: 'westeurope', type: 'Microsoft.Network/networkWatchers' });
  const targetResourceId = networkId(system, group, 'virtualNetworkGateways/gw');
  const parameters = { targetResourceId, storageId: storageAccount(system), storagePath };
  const name = watcher?.name ?? '';
  const found = await system.network.networkWatchers.getTroubleshooting(watchers, name, parameters);
  expect(found).toMatchObject({ code: 'UnHealthy', results: [{ reasonType: 'ConnectionsNotConnected' }] });
  expect(found.startTime).toBeInstanceOf(Date);
  expect(await system.network.networkWatchers.getTroubleshootingResult(watchers, name, { targetResourceId })).toEqual(found);
});

test('a second watcher in a region is refused, and the first can be deleted', async () => {
  const second = system.network.networkWatchers.createOrUpdate(group, 'second', { location: 'westeurope' });
  await expect(second).rejects.toMatchObject({ code: 'NetworkWatcherCountLimitReached' });
  const [watcher] = await collect(system.network.networkWatchers.list(watchers));
  await system.network.networkWatchers.delete(watchers, watcher?.name ?? '');
  expect(await collect(system.network.networkWatchers.list(watchers))).toEqual([]);
});
