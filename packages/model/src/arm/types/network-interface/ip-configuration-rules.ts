/**
 * Rules of an interface's IP configurations: subnet, private address, public address.
 * Source: https://learn.microsoft.com/azure/virtual-network/ip-services/virtual-network-network-interface-addresses
 */
import { containsAddress, parseAddress } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource, parentId, resourceKey } from '../../resource-id.ts';
import { childNameIssues } from '../../rules/names.ts';
import { referenceIssues } from '../../rules/references.ts';
import { missingReference, refuse, when } from '../../rules/refuse.ts';
import { isReservedInSubnet, takenPrivateAddresses } from '../allocation.ts';
import { childId } from '../children.ts';
import { types } from '../names.ts';
import { findSubnet, type NetworkInterface } from '../typed.ts';
import { usesOfPublicAddress } from '../usage.ts';
import { ipv4PrefixOf } from '../virtual-network/address-rules.ts';
import { isGatewaySubnet } from '../virtual-network/schema.ts';
import type { NetworkInterfaceIpConfiguration } from './schema.ts';

export function ipConfigurationIssues(
  nic: NetworkInterface,
  existing: NetworkInterface | undefined,
  context: RuleContext,
): readonly Issue[] {
  return [
    ...listIssues(nic, existing),
    ...nic.properties.ipConfigurations.flatMap((configuration, index) => [
      ...subnetIssues(nic, configuration, index, context),
      ...publicAddressIssues(nic, configuration, index, context),
    ]),
  ];
}

function listIssues({ id, properties }: NetworkInterface, existing: NetworkInterface | undefined): readonly Issue[] {
  const configurations = properties.ipConfigurations;
  const networks = [...configurations, ...(existing?.properties.ipConfigurations ?? [])]
    .flatMap(({ properties: { subnet } }) => (subnet === undefined ? [] : (parentId(subnet.id) ?? [])))
    .map(resourceKey);
  return [
    ...when(configurations.length === 0, () =>
      refuse(
        'NIC-001',
        'NetworkInterfaceMustHaveOneIpConfiguration',
        `Network interface ${id} must have one or more IP configurations.`,
        'properties.ipConfigurations',
      ),
    ),
    ...childNameIssues(
      id,
      'ipConfigurations',
      configurations.map((configuration) => configuration.name),
    ),
    ...when(configurations.length > 0 && configurations.filter((one) => one.properties.primary === true).length !== 1, () =>
      refuse(
        'NIC-002',
        'NetworkInterfaceMustHaveOnePrimaryIpConfiguration',
        `Network interface ${id} must have one primary IP configuration.`,
        'properties.ipConfigurations',
      ),
    ),
    ...when(new Set(networks).size > 1, () =>
      refuse(
        'NIC-003',
        'SubnetsNotInSameVnet',
        `Subnets referenced by IP configurations of network interface ${id} are not in the same virtual network, or not in that of before.`,
        'properties.ipConfigurations',
      ),
    ),
  ];
}

function subnetIssues(
  nic: NetworkInterface,
  { name, properties }: NetworkInterfaceIpConfiguration,
  index: number,
  context: RuleContext,
): readonly Issue[] {
  const target = `properties.ipConfigurations[${index}].properties`;
  const own = childId(nic.id, 'ipConfigurations', name);
  if (properties.subnet === undefined)
    return [refuse('NIC-004', 'SubnetReferenceRequired', `Subnet reference is required for ipconfiguration ${own}.`, `${target}.subnet`)];
  const found = findSubnet(context.lookup, properties.subnet.id);
  if (found === undefined || found.network.location !== nic.location)
    return [missingReference(properties.subnet.id, nic.id, `${target}.subnet.id`)];
  if (isGatewaySubnet(found.subnet.name)) {
    return [
      refuse(
        'NIC-005',
        'GatewaySubnet',
        "Subnet with name 'GatewaySubnet' can be used only for the Gateway resource.",
        `${target}.subnet.id`,
      ),
    ];
  }
  if (properties.privateIPAllocationMethod === 'Dynamic') return [];
  const prefix = ipv4PrefixOf(found.subnet);
  const text = properties.privateIPAddress;
  const address = text === undefined ? undefined : parseAddress(text);
  if (text === undefined || address === undefined) {
    return [
      refuse(
        'NIC-006',
        'PrivateIPAddressRequired',
        `Private static IP address of ${own} is missing or malformed.`,
        `${target}.privateIPAddress`,
      ),
    ];
  }
  if (prefix === undefined || !containsAddress(prefix, address)) {
    return [
      refuse(
        'NIC-007',
        'PrivateIPAddressNotInSubnet',
        `Private static IP address ${text} does not belong to the range of subnet prefix of ${properties.subnet.id}.`,
        `${target}.privateIPAddress`,
      ),
    ];
  }
  if (isReservedInSubnet(prefix, text)) {
    return [
      refuse(
        'NIC-008',
        'PrivateIPAddressInReservedRange',
        `Private static IP address ${text} falls within reserved IP range of subnet ${properties.subnet.id}.`,
        `${target}.privateIPAddress`,
      ),
    ];
  }
  const holder = takenPrivateAddresses(context.lookup, found.network.id, nic.id).get(text) ?? twinOf(nic, index, text);
  return when(holder !== undefined, () =>
    refuse(
      'NIC-009',
      'PrivateIPAddressIsAllocated',
      `IP configuration ${own} is using the private IP address ${text} which is already allocated to resource ${holder ?? ''}.`,
      `${target}.privateIPAddress`,
    ),
  );
}

function twinOf(nic: NetworkInterface, index: number, address: string): string | undefined {
  const twin = nic.properties.ipConfigurations.slice(0, index).find(({ properties }) => properties.privateIPAddress === address);
  return twin === undefined ? undefined : childId(nic.id, 'ipConfigurations', twin.name);
}

function publicAddressIssues(
  nic: NetworkInterface,
  { name, properties }: NetworkInterfaceIpConfiguration,
  index: number,
  context: RuleContext,
): readonly Issue[] {
  if (properties.publicIPAddress === undefined) return [];
  const { id } = properties.publicIPAddress;
  const target = `properties.ipConfigurations[${index}].properties.publicIPAddress.id`;
  const missing = referenceIssues(context.lookup, nic, [{ id, type: types.publicIpAddress, target }]);
  if (missing.length > 0) return missing;
  const own = childId(nic.id, 'ipConfigurations', name);
  const other = usesOfPublicAddress(context.lookup, id).find((use) => !isSameResource(use.owner, nic.id));
  return when(other !== undefined, () =>
    refuse(
      'NIC-010',
      'PublicIPAddressInUse',
      `Resource ${own} is referencing public IP address ${id} that is already allocated to resource ${other?.ipConfiguration ?? ''}.`,
      target,
    ),
  );
}
