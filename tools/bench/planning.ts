/** How long the pure planner takes with many resources: no host, no API. Best of several runs. */
import { plan } from '@sallyport/planner';
import type { PlanInput } from '@sallyport/planner';
import type { Resource, ResourceId } from '@sallyport/model';
import type { Row } from './measure.ts';

const subscription = '00000000-0000-0000-0000-000000000001';

export function planningTimes(): readonly Row[] {
  return [1_000, 10_000].map((count) => {
    const input = inputOf(count);
    const { plan: previous } = plan(input);
    const best = Math.min(
      ...Array.from({ length: 7 }, () => {
        const began = performance.now();
        plan({ ...input, previous });
        return performance.now() - began;
      }),
    );
    return { what: `planning ${count.toLocaleString('en')} resources, nothing changed`, value: `${best.toFixed(1)} ms` };
  });
}

/** One virtual network per hundred resources, its network interfaces, and public addresses. */
function inputOf(count: number): PlanInput {
  const resources = Array.from({ length: count }, (_, index): Resource => {
    const group = Math.floor(index / 100);
    const vnet = idOf(group, 'virtualNetworks', 'vnet');
    if (index % 100 === 0)
      return resourceOf(vnet, 'virtualNetworks', {
        addressSpace: { addressPrefixes: [`10.${group % 256}.0.0/16`] },
        virtualNetworkPeerings: [],
        subnets: [{ name: 'apps', properties: { addressPrefix: `10.${group % 256}.0.0/24` } }],
      });
    return resourceOf(idOf(group, 'publicIPAddresses', `ip${index}`), 'publicIPAddresses', { publicIPAllocationMethod: 'Static' });
  });
  return {
    resources,
    secretVersions: new Map(),
    previous: undefined,
    inventory: {
      hosts: [{ name: 'local', regions: ['westeurope'] }],
      publicNetworks: [{ prefix: '198.51.100.0/24', router: '198.51.100.1' }],
    },
  };
}

function idOf(group: number, type: string, name: string): ResourceId {
  return `/subscriptions/${subscription}/resourceGroups/g${group}/providers/Microsoft.Network/${type}/${name}` as ResourceId;
}

function resourceOf(id: ResourceId, type: string, properties: Resource['properties']): Resource {
  return {
    id,
    type: `Microsoft.Network/${type}`,
    name: id.split('/').at(-1) ?? '',
    location: 'westeurope',
    tags: {},
    top: {},
    properties,
    allocated: {},
    etag: '',
    provisioningState: 'Succeeded',
    createdAt: '2026-01-01T00:00:00Z',
    changedAt: '2026-01-01T00:00:00Z',
  };
}
