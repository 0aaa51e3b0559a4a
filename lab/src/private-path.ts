/**
 * A private path between a site's device and a VNet, as over ExpressRoute private peering: a cable from the device to a VM that
 * forwards, and stands for the circuit's edge. What leads from the VNet to that VM is a route table of the user's. The cable goes with the
 * namespaces of its ends and is not in the lab's list: it is laid again by building the scenario, not by a restart.
 */
import { formatAddress, parseAddress } from '@sallyport/model';
import { LabError } from './fabric.ts';
import type { Fabric } from './fabric.ts';
import { findPlace } from './machines.ts';
import { ipBatch } from './namespaces.ts';
import type { NetworkPorts } from './namespaces.ts';
import type { PrivatePath } from './scenario.ts';
import { siteNamespaces } from './sites.ts';

/** The interface's name at both ends. */
export const privateDevice = 'private';

/** @param gatewayAddress what the device is to reach this way: the gateway's private address. */
export async function layPrivatePath(
  ports: NetworkPorts,
  fabric: Fabric,
  site: string,
  { networkInterface, address }: PrivatePath,
  gatewayAddress: string,
): Promise<void> {
  const own = parseAddress(address);
  if (own === undefined) throw new LabError(`'${address}' of site ${site} is no address`);
  const edge = formatAddress({ ...own, value: own.value + 1n });
  const { device } = siteNamespaces(fabric, site);
  const { namespace } = findPlace(fabric, networkInterface);
  await ipBatch(ports, namespace, [
    ['link', 'add', privateDevice, 'type', 'veth', 'peer', 'name', privateDevice, 'netns', device],
    ['address', 'add', `${edge}/32`, 'peer', address, 'dev', privateDevice],
    ['link', 'set', privateDevice, 'up'],
  ]);
  await ipBatch(ports, device, [
    ['address', 'add', `${address}/32`, 'peer', edge, 'dev', privateDevice],
    ['link', 'set', privateDevice, 'up'],
    ['route', 'add', `${gatewayAddress}/32`, 'via', edge, 'dev', privateDevice],
  ]);
}
