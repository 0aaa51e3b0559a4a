/** The resource type networkInterfaces. Here an interface is what stands for a VM: it has an address in a subnet. */
import type { JsonObject } from '../../../json.ts';
import { referenceIssues, wants } from '../../rules/references.ts';
import { defineType } from '../define.ts';
import { types } from '../names.ts';
import { allocateNetworkInterface } from './allocate.ts';
import { ipConfigurationIssues } from './ip-configuration-rules.ts';
import {
  networkInterfaceProperties,
  networkInterfaceTop,
  type NetworkInterfaceAllocated,
  type NetworkInterfaceIpConfiguration,
  type NetworkInterfaceProperties,
} from './schema.ts';
import { viewNetworkInterface } from './view.ts';

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
    ...ipConfigurationIssues(candidate, existing, context),
    ...referenceIssues(context.lookup, candidate, [
      wants(candidate.properties.networkSecurityGroup, types.networkSecurityGroup, 'properties.networkSecurityGroup.id'),
    ]),
  ],
  allocate: allocateNetworkInterface,
  validateDelete: () => [],
  references: ({ properties }) => [
    ...properties.ipConfigurations.flatMap(({ properties: { subnet, publicIPAddress } }) =>
      [subnet, publicIPAddress].filter((reference) => reference !== undefined).map((reference) => reference.id),
    ),
    ...(properties.networkSecurityGroup === undefined ? [] : [properties.networkSecurityGroup.id]),
  ],
  view: viewNetworkInterface,
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
