/**
 * `DIR/settings.json`: what an operator may decide about a control plane. Written at the first start with ids of its own,
 * never changed by us afterwards; edits count from the next start.
 */
import { existsSync, readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LabError } from '@sallyport/lab';
import type { Fabric } from '@sallyport/lab';
import { writeWholeFile } from '@sallyport/runtime';
import type { SettingsInput } from '@sallyport/control-plane';

/** RFC 5737's third documentation prefix; the other two are the lab's sites and clients. */
const gatewayPool = { prefix: '198.51.100.0/24', router: '198.51.100.1' } as const;

export function readSettings(fabric: Fabric): SettingsInput {
  const file = join(fabric.dataDirectory, 'settings.json');
  if (!existsSync(file)) writeWholeFile(file, `${JSON.stringify(defaultSettings(), undefined, 2)}\n`);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as SettingsInput; // startControlPlane checks it and lists every problem
  } catch (cause) {
    throw new LabError(`could not read ${file}`, { cause });
  }
}

/** The name this host has in plans. */
export function hostName(): string {
  return (
    hostname()
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]/g, '-')
      .replaceAll(/^-+|-+$/g, '')
      .slice(0, 63) || 'host'
  );
}

function defaultSettings(): SettingsInput {
  return {
    tenantId: randomUUID(),
    subscriptions: [{ id: randomUUID(), displayName: 'Sallyport' }],
    locations: regions.map(([name, displayName]) => ({ name, displayName })),
    clientId: randomUUID(),
    hosts: [{ name: hostName(), regions: regions.map(([name]) => name) }],
    publicNetworks: [gatewayPool],
    retryAfterSeconds: 1,
  };
}

/** Azure's names of some regions; this one host serves them all. */
const regions = [
  ['westeurope', 'West Europe'],
  ['northeurope', 'North Europe'],
  ['germanywestcentral', 'Germany West Central'],
  ['francecentral', 'France Central'],
  ['swedencentral', 'Sweden Central'],
  ['uksouth', 'UK South'],
  ['eastus', 'East US'],
  ['eastus2', 'East US 2'],
  ['westus2', 'West US 2'],
  ['centralus', 'Central US'],
  ['southeastasia', 'Southeast Asia'],
  ['japaneast', 'Japan East'],
  ['australiaeast', 'Australia East'],
] as const;
