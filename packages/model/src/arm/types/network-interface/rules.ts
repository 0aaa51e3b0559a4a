/**
 * The resource type networkInterfaces. Here an interface is what stands for a VM: it has an address in a subnet.
 * Source: https://learn.microsoft.com/azure/virtual-network/ip-services/virtual-network-network-interface-addresses
 */
import { containsAddress, parseAddress } from '../../../ip.ts';
import type { Issue } from '../../../issue.ts';
import type { JsonObject } from '../../../json.ts';
import type { RuleContext } from '../../resource.ts';
import { isSameResource, parentId, resourceKey } from '../../resource-id.ts';
import { childNameIssues } from '../../rules/names.ts';
import { referenceIssues, wants } from '../../rules/references.ts';
import { missingReference, refuse, when } from '../../rules/refuse.ts';
import { freePrivateAddress, freePublicAddress, isReservedInSubnet, takenPrivateAddresses } from '../allocation.ts';
import { childEnvelope, childId } from '../children.ts';
import { defineType, isIssue } from '../define.ts';
import { types } from '../names.ts';
import { exhausted } from '../public-ip-address/rules.ts';
import { asPublicIpAddress, findSubnet, type NetworkInterface } from '../typed.ts';
import { usesOfPublicAddress } from '../usage.ts';
import { ipv4PrefixOf } from '../virtual-network/address-rules.ts';
import { isGatewaySubnet } from '../virtual-network/schema.ts';
import {
  networkInterfaceProperties,
  networkInterfaceTop,
  type NetworkInterfaceAllocated,
  type NetworkInterfaceIpConfiguration,
  type NetworkInterfaceProperties,
} from './schema.ts';

export const networkInterfaceRules = defineType<
  NetworkInterfaceProperties,
  NetworkInterfaceProperties,
  NetworkInterfaceAllocated,
  JsonObject
>({
  type: types.networkInterface,
  children: [],
  isPlanned: true,
  top: networkInterfaceTop,
  properties: networkInterfaceProperties,
  complete: (read, top) => ({
    top,
    properties: { ...read, ipConfigurations: withPrimary(read.ipConfigurations) },
  }),
  validate: (candidate, existing, context) => [
    ...listIssues(candidate, existing),
    ...candidate.properties.ipConfigurations.flatMap((configuration, index) => [
      ...subnetIssues(candidate, configuration, index, context),
      ...publicAddressIssues(candidate, configuration, index, context),
    ]),
    ...referenceIssues(context.lookup, candidate, [
      wants(candidate.properties.networkSecurityGroup, types.networkSecurityGroup, 'properties.networkSecurityGroup.id'),
    ]),
  ],
  allocate,
  validateDelete: () => [],
  references: ({ properties }) => [
    ...properties.ipConfigurations.flatMap(({ properties: { subnet, publicIPAddress } }) =>
      [subnet, publicIPAddress].filter((reference) => reference !== undefined).map((reference) => reference.id),
    ),
    ...(properties.networkSecurityGroup === undefined ? [] : [properties.networkSecurityGroup.id]),
  ],
  view,
});

/** The first is the primary one when none says so. A dynamic address that a GET showed is not a wish. */
function withPrimary(configurations: readonly NetworkInterfaceIpConfiguration[]): readonly NetworkInterfaceIpConfiguration[] {
  const hasPrimary = configurations.some(({ properties }) => properties.primary === true);
  return configurations.map((configuration, index) => ({
    ...configuration,
    properties: {
      ...withoutDynamicAddress(configuration.properties),
      primary: configuration.properties.primary ?? (!hasPrimary && index === 0),
    },
  }));
}

function withoutDynamicAddress(properties: NetworkInterfaceIpConfiguration['properties']): NetworkInterfaceIpConfiguration['properties'] {
  if (properties.privateIPAllocationMethod === 'Static') return properties;
  const { privateIPAddress: _, ...rest } = properties;
  return rest;
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

function allocate(
  candidate: NetworkInterface,
  existing: NetworkInterface | undefined,
  context: RuleContext,
): NetworkInterfaceAllocated | Issue {
  const privateIPAddresses: Record<string, string> = {};
  const publicIPAddresses: Record<string, string> = {};
  for (const { name, properties } of candidate.properties.ipConfigurations) {
    const key = name.toLowerCase();
    const address = privateAddress(candidate, existing, key, properties, Object.values(privateIPAddresses), context);
    if (isIssue(address)) return address;
    privateIPAddresses[key] = address;
    const publicId = properties.publicIPAddress?.id;
    if (publicId === undefined) continue;
    const held =
      asPublicIpAddress(context.lookup.get(publicId))?.allocated.ipAddress ??
      existing?.allocated.publicIPAddresses[resourceKey(publicId)] ??
      freePublicAddress(context, Object.values(publicIPAddresses));
    if (held === undefined) return exhausted(publicId);
    publicIPAddresses[resourceKey(publicId)] = held;
  }
  return { resourceGuid: existing?.allocated.resourceGuid ?? context.newGuid(), privateIPAddresses, publicIPAddresses };
}

function privateAddress(
  candidate: NetworkInterface,
  existing: NetworkInterface | undefined,
  key: string,
  properties: NetworkInterfaceIpConfiguration['properties'],
  own: readonly string[],
  { lookup }: RuleContext,
): string | Issue {
  if (properties.privateIPAllocationMethod === 'Static') return properties.privateIPAddress ?? '';
  const subnetId = properties.subnet?.id ?? '';
  const found = findSubnet(lookup, subnetId);
  const prefix = found === undefined ? undefined : ipv4PrefixOf(found.subnet);
  if (found === undefined || prefix === undefined) return subnetFull(subnetId);
  const before = existing?.allocated.privateIPAddresses[key];
  const parsed = before === undefined ? undefined : parseAddress(before);
  if (before !== undefined && parsed !== undefined && containsAddress(prefix, parsed)) return before;
  const taken = takenPrivateAddresses(lookup, found.network.id, candidate.id);
  // Static addresses of this interface's other configurations are spoken for as well.
  const asked = candidate.properties.ipConfigurations.flatMap((one) =>
    one.properties.privateIPAllocationMethod === 'Static' ? (one.properties.privateIPAddress ?? []) : [],
  );
  return (
    freePrivateAddress(prefix, (address) => taken.has(address) || own.includes(address) || asked.includes(address)) ?? subnetFull(subnetId)
  );
}

function subnetFull(subnetId: string): Issue {
  return refuse(
    'NIC-011',
    'SubnetIsFull',
    `Subnet ${subnetId} does not have enough capacity for 1 IP addresses.`,
    'properties.ipConfigurations',
  );
}

function view(nic: NetworkInterface): JsonObject {
  const { ipConfigurations, dnsSettings, ...rest } = nic.properties;
  return {
    ...rest,
    ipConfigurations: ipConfigurations.map(({ name, properties }) => {
      const privateIPAddress = nic.allocated.privateIPAddresses[name.toLowerCase()];
      return childEnvelope(nic, 'ipConfigurations', name, {
        ...properties,
        ...(privateIPAddress === undefined ? {} : { privateIPAddress }),
      });
    }),
    dnsSettings: { ...dnsSettings, appliedDnsServers: [] },
    tapConfigurations: [],
    hostedWorkloads: [],
    vnetEncryptionSupported: false,
  };
}
