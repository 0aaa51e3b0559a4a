/** @azure/arm-resources and @azure/arm-resources-subscriptions against us: groups, tags, listing, providers, subscriptions. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collect, startSystem, type System } from './system.ts';
import { location, virtualNetwork } from './site-to-site.ts';

let system: System;
beforeAll(async () => {
  system = await startSystem();
});
afterAll(() => system[Symbol.asyncDispose]());

describe('subscriptions', () => {
  test('are listed with their tenant, and read one by one', async () => {
    const found = await collect(system.subscriptions.subscriptions.list());
    expect(found.map(({ displayName, state }) => [displayName, state])).toEqual([
      ['Test', 'Enabled'],
      ['Second', 'Enabled'],
    ]);
    const one = await system.subscriptions.subscriptions.get(system.subscriptionId);
    expect(one).toMatchObject({ subscriptionId: system.subscriptionId, tenantId: system.server.client.file.tenantId });
  });

  test('have locations', async () => {
    const found = await collect(system.subscriptions.subscriptions.listLocations(system.subscriptionId));
    expect(found.map(({ name, displayName }) => [name, displayName])).toEqual([
      ['westeurope', 'West Europe'],
      ['northeurope', 'North Europe'],
    ]);
  });

  test('belong to one tenant', async () => {
    const found = await collect(system.subscriptions.tenants.list());
    expect(found.map(({ tenantId }) => tenantId)).toEqual([system.server.client.file.tenantId]);
  });

  test('an unknown one is refused with its code', async () => {
    await expect(system.subscriptions.subscriptions.get('00000000-0000-0000-0000-00000000dead')).rejects.toMatchObject({
      statusCode: 404,
      code: 'SubscriptionNotFound',
    });
  });
});

describe('resource groups', () => {
  test('live from PUT to DELETE', async () => {
    const { resourceGroups } = system.resources;
    expect(await resourceGroups.checkExistence('life')).toMatchObject({ body: false });
    const made = await resourceGroups.createOrUpdate('life', { location: 'West Europe', tags: { env: 'test' } });
    expect(made).toMatchObject({
      name: 'life',
      location,
      tags: { env: 'test' },
      properties: { provisioningState: 'Succeeded' },
      type: 'Microsoft.Resources/resourceGroups',
    });
    expect(await resourceGroups.checkExistence('LIFE')).toMatchObject({ body: true });
    expect(await resourceGroups.update('life', { tags: { env: 'prod' } })).toMatchObject({ tags: { env: 'prod' } });
    await system.network.virtualNetworks.createOrUpdate('life', 'hq', virtualNetwork);
    await resourceGroups.delete('life');
    await expect(resourceGroups.get('life')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceGroupNotFound',
      message: "Resource group 'life' could not be found.",
    });
    await expect(system.network.virtualNetworks.get('life', 'hq')).rejects.toMatchObject({ statusCode: 404 });
  });

  test('are listed, filtered by tag', async () => {
    await system.resources.resourceGroups.createOrUpdate('tagged', { location, tags: { team: 'net' } });
    await system.resources.resourceGroups.createOrUpdate('plain', { location });
    const names = async (filter?: string): Promise<readonly (string | undefined)[]> =>
      (await collect(system.resources.resourceGroups.list(filter === undefined ? {} : { filter }))).map(({ name }) => name);
    expect(await names()).toEqual(expect.arrayContaining(['plain', 'tagged']));
    expect(await names("tagName eq 'team' and tagValue eq 'net'")).toEqual(['tagged']);
  });

  test('stay where they are, and need a location that exists', async () => {
    const { resourceGroups } = system.resources;
    await resourceGroups.createOrUpdate('fixed', { location });
    await expect(resourceGroups.createOrUpdate('fixed', { location: 'northeurope' })).rejects.toMatchObject({
      statusCode: 409,
      code: 'InvalidResourceGroupLocation',
    });
    await expect(resourceGroups.createOrUpdate('nowhere', { location: 'atlantis' })).rejects.toMatchObject({
      statusCode: 400,
      code: 'LocationNotAvailableForResourceType',
    });
  });
});

describe('resources in general', () => {
  test('are listed by group and by subscription, read and tagged by id', async () => {
    const { resources } = system.resources;
    await system.resources.resourceGroups.createOrUpdate('inventory', { location });
    await system.network.virtualNetworks.createOrUpdate('inventory', 'hq', { ...virtualNetwork, tags: { tier: 'core' } });
    const [listed, ...others] = await collect(resources.listByResourceGroup('inventory'));
    expect(others).toEqual([]);
    expect(listed).toMatchObject({ name: 'hq', type: 'Microsoft.Network/virtualNetworks', location, tags: { tier: 'core' } });
    expect(
      (await collect(resources.list({ filter: "resourceType eq 'Microsoft.Network/virtualNetworks'" }))).map(({ id }) => id),
    ).toContain(listed?.id);

    const id = listed?.id ?? '';
    expect(await resources.getById(id, '2024-05-01')).toMatchObject({
      name: 'hq',
      properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] } },
    });
    expect(await resources.checkExistenceById(id, '2024-05-01')).toMatchObject({ body: true });

    await system.resources.tagsOperations.updateAtScope(id, { operation: 'Merge', properties: { tags: { owner: 'net' } } });
    expect((await system.resources.tagsOperations.getAtScope(id)).properties.tags).toEqual({ tier: 'core', owner: 'net' });
    await resources.deleteById(id, '2024-05-01');
    expect(await resources.checkExistenceById(id, '2024-05-01')).toMatchObject({ body: false });
  });

  test('come page by page', async () => {
    await system.resources.resourceGroups.createOrUpdate('many', { location });
    const names = Array.from({ length: 7 }, (_, index) => `vnet-${index}`);
    for (const name of names) await system.network.virtualNetworks.createOrUpdate('many', name, virtualNetwork);
    const pages: number[] = [];
    for await (const page of system.resources.resources.listByResourceGroup('many', { top: 3 }).byPage()) pages.push(page.length);
    expect(pages).toEqual([3, 3, 1]);
    expect((await collect(system.resources.resources.listByResourceGroup('many', { top: 3 }))).map(({ name }) => name)).toEqual(names);
  });
});

describe('providers', () => {
  test('say what types, locations and versions there are, as Terraform reads them at its start', async () => {
    const found = await collect(system.resources.providers.list());
    const network = found.find(({ namespace }) => namespace === 'Microsoft.Network');
    expect(network?.registrationState).toBe('Registered');
    const gateways = network?.resourceTypes?.find(({ resourceType }) => resourceType === 'virtualNetworkGateways');
    expect(gateways?.locations).toEqual(['West Europe', 'North Europe']);
    expect(gateways?.apiVersions).toContain('2025-05-01');
    expect(await system.resources.providers.register('Microsoft.Network')).toMatchObject({ registrationState: 'Registered' });
    await expect(system.resources.providers.get('Microsoft.Nothing')).rejects.toMatchObject({
      statusCode: 404,
      code: 'InvalidResourceNamespace',
    });
  });
});
