/**
 * Every place a user can be in the lab: sites' devices and hosts, clients, gateways' instances, and the network interfaces of
 * VNets under their resource names. Read from the lab's list and from the plan the agent last stored.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSameResource, resourceName } from '@sallyport/model';
import type { HostPlan, PlanNumber } from '@sallyport/model';
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';
import { readMachines } from './lab-file.ts';
import { natNamespace } from './nat.ts';
import { clientNamespace, siteAddresses, siteNamespaces } from './sites.ts';
import { namespaceExists, namespaceOf } from './namespaces.ts';

export type Place = {
  readonly name: string;
  readonly role: 'site' | 'site-host' | 'client' | 'nat' | 'network-interface' | 'gateway-instance' | 'public-network';
  readonly namespace: string;
  readonly exists: boolean;
  /** No masks. The first is the one to ping. */
  readonly addresses: readonly string[];
  readonly prefixes?: readonly string[];
  readonly device?: 'none' | 'strongswan';
  readonly connection?: string;
  /** The ARM resource it stands for. */
  readonly resource?: string;
};

export function listPlaces(fabric: Fabric): readonly Place[] {
  const built = readMachines(fabric).flatMap((machine): readonly Omit<Place, 'exists'>[] => {
    if (machine.kind === 'nat')
      return [{ name: machine.name, role: 'nat', namespace: natNamespace(fabric, machine.name), addresses: [machine.publicAddress] }];
    if (machine.kind === 'client')
      return [{ name: machine.name, role: 'client', namespace: clientNamespace(fabric, machine.name), addresses: [machine.publicAddress] }];
    const { device, host } = siteNamespaces(fabric, machine.name);
    const addresses = siteAddresses(machine);
    return [
      {
        name: machine.name,
        role: 'site',
        namespace: device,
        addresses: [machine.publicAddress, ...addresses.device],
        prefixes: machine.prefixes,
        device: machine.device,
        ...(machine.connection === undefined ? {} : { connection: machine.connection }),
      },
      { name: `${machine.name}-host`, role: 'site-host', namespace: host, addresses: [addresses.host] },
    ];
  });
  return [...built, ...plannedPlaces(fabric)].map((place) => ({ ...place, exists: namespaceExists(place.namespace) }));
}

/** The namespace of a place by its name, or of a network interface by its resource id. @throws LabError listing what there is. */
export function findPlace(fabric: Fabric, name: string): Place {
  const places = listPlaces(fabric);
  const isId = name.startsWith('/');
  const found = places.filter((place) =>
    isId ? place.resource !== undefined && isSameResource(place.resource, name) : place.name === name,
  );
  const [only, another] = found;
  if (only === undefined) throw new LabError(`there is no '${name}' here; there are ${places.map((place) => place.name).join(', ')}`);
  if (another !== undefined)
    throw new LabError(
      `'${name}' is ambiguous; give one of these ids: ${found.map((place) => place.resource ?? place.namespace).join(', ')}`,
    );
  return only;
}

/** Where `sallyport up` lets the agent keep what must survive. */
export function agentStateDirectory(fabric: Pick<Fabric, 'dataDirectory'>): string {
  return join(fabric.dataDirectory, 'agent');
}

/** The plan the agent acts on; undefined before the first. */
export function readNumberedPlan(
  fabric: Pick<Fabric, 'dataDirectory'>,
): { readonly number: PlanNumber; readonly plan: HostPlan } | undefined {
  const file = join(agentStateDirectory(fabric), 'plan.json');
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')) as { readonly number: PlanNumber; readonly plan: HostPlan }; // written by the agent only
}

function plannedPlaces(fabric: Fabric): readonly Omit<Place, 'exists'>[] {
  const plan = readNumberedPlan(fabric)?.plan;
  if (plan === undefined) return [];
  const bare = (address: string): string => address.split('/')[0] ?? address;
  return [
    ...plan.networkInterfaces.map((nic) => ({
      name: resourceName(nic.networkInterface),
      role: 'network-interface' as const,
      namespace: namespaceOf(fabric, nic.namespace),
      addresses: [bare(nic.address)],
      resource: nic.networkInterface,
    })),
    ...plan.instances.map((instance) => ({
      name: `${resourceName(instance.gateway)}/${instance.role}`,
      role: 'gateway-instance' as const,
      namespace: namespaceOf(fabric, instance.namespace),
      addresses: [instance.public.address, bare(instance.vnet.address)],
      resource: instance.id,
    })),
    {
      name: 'public',
      role: 'public-network' as const,
      namespace: namespaceOf(fabric, 'public'),
      addresses: plan.publicNetworks.map(({ router }) => router),
    },
  ];
}
