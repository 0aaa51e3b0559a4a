/**
 * The resource type publicIPAddresses. A static address is decided at creation, a dynamic one by what it is attached to.
 * Source: https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses
 */
import type { Issue } from '../../../issue.ts';
import type { JsonObject } from '../../../json.ts';
import type { RuleContext, ViewContext } from '../../resource.ts';
import { isSameResource, resourceKey } from '../../resource-id.ts';
import { refuse, when } from '../../rules/refuse.ts';
import { freePublicAddress } from '../allocation.ts';
import { defineType, type Typed } from '../define.ts';
import { types } from '../names.ts';
import { asNetworkInterface, asPublicIpAddress, asVirtualNetworkGateway } from '../typed.ts';
import { usesOfPublicAddress } from '../usage.ts';
import {
  publicIpAddressProperties,
  publicIpAddressTop,
  type PublicIpAddressAllocated,
  type PublicIpAddressProperties,
  type PublicIpAddressTop,
} from './schema.ts';

type PublicIp = Typed<PublicIpAddressProperties, PublicIpAddressAllocated, PublicIpAddressTop>;

export const publicIpAddressRules = defineType({
  type: types.publicIpAddress,
  children: [],
  isPlanned: false,
  top: publicIpAddressTop,
  properties: publicIpAddressProperties,
  complete: (read, top: PublicIpAddressTop) => ({
    top,
    // Azure's default is Dynamic, which a Standard address cannot be: Static is the only sense it can have there.
    properties: { ...read, publicIPAllocationMethod: read.publicIPAllocationMethod ?? (top.sku.name === 'Basic' ? 'Dynamic' : 'Static') },
  }),
  validate: (candidate, existing, context) => [
    ...skuIssues(candidate, existing),
    ...valueIssues(candidate),
    ...dnsIssues(candidate, context),
    ...changeIssues(candidate, existing, context),
  ],
  allocate,
  validateDelete: (existing, context) =>
    usesOfPublicAddress(context.lookup, existing.id).map((use) =>
      refuse(
        'PIP-USE-001',
        'PublicIPAddressCannotBeDeleted',
        `Public IP address ${existing.id} can not be deleted since it is still allocated to resource ${use.ipConfiguration}. In order to delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, see aka.ms/deletepublicip.`,
      ),
    ),
  references: () => [],
  view,
});

function allocate(candidate: PublicIp, existing: PublicIp | undefined, context: RuleContext): PublicIpAddressAllocated | Issue {
  const resourceGuid = existing?.allocated.resourceGuid ?? context.newGuid();
  if (candidate.properties.publicIPAllocationMethod === 'Dynamic') return { resourceGuid };
  const family = candidate.properties.publicIPAddressVersion === 'IPv6' ? 6 : 4;
  // A dynamic address that becomes static while in use keeps the address it has.
  const ipAddress = existing?.allocated.ipAddress ?? attachedAddress(candidate.id, context) ?? freePublicAddress(context, [], family);
  if (ipAddress === undefined) return exhausted(candidate.id);
  return { resourceGuid, ipAddress };
}

/** No address left in the fabric's pools for this resource. */
export function exhausted(publicIpAddressId: string): Issue {
  return refuse(
    'PIP-ALLOC-001',
    'PublicIPAddressPoolExhausted',
    `No public IP address is left to allocate to ${publicIpAddressId}: all addresses of the pools are in use.`,
    undefined,
    409,
  );
}

/** The address a gateway or network interface holds for this resource. */
export function attachedAddress(publicIpAddressId: string, context: Pick<RuleContext, 'lookup'>): string | undefined {
  const key = resourceKey(publicIpAddressId);
  return usesOfPublicAddress(context.lookup, publicIpAddressId)
    .map(({ owner }) => context.lookup.get(owner))
    .map((owner) => (asVirtualNetworkGateway(owner) ?? asNetworkInterface(owner))?.allocated.publicIPAddresses[key])
    .find((address) => address !== undefined);
}

function skuIssues({ id, top, properties }: PublicIp, existing: PublicIp | undefined): readonly Issue[] {
  const isBasic = top.sku.name === 'Basic';
  return [
    ...when(!isBasic && properties.publicIPAllocationMethod === 'Dynamic', () =>
      refuse(
        'PIP-SKU-001',
        'PublicIPAddressWithStandardSkuMustBeStatic',
        `Standard sku publicIp ${id} must have AllocationMethod set to Static.`,
        'properties.publicIPAllocationMethod',
      ),
    ),
    ...when(isBasic && top.sku.tier === 'Global', () =>
      refuse(
        'PIP-SKU-002',
        'GlobalPublicIPAddressNotSupportedForBasicPublicIpAddress',
        `Global publicIPAddress is not supported for Basic publicIPAddress ${id}.`,
        'sku.tier',
      ),
    ),
    ...when(isBasic && top.zones !== undefined && top.zones.length > 0, () =>
      refuse('PIP-SKU-003', 'BasicSkuPublicIPAddressCannotBeZonal', `Basic sku publicIp ${id} cannot have zones configured.`, 'zones'),
    ),
    ...when(existing !== undefined && existing.top.sku.name !== 'Basic' && isBasic, () =>
      refuse(
        'PIP-SKU-004',
        'PublicIPAddressSkuCannotBeDowngraded',
        `The sku of publicIp ${id} cannot be changed from ${existing?.top.sku.name ?? ''} to Basic.`,
        'sku.name',
      ),
    ),
  ];
}

function valueIssues({ id, properties }: PublicIp): readonly Issue[] {
  return when(properties.idleTimeoutInMinutes < 4 || properties.idleTimeoutInMinutes > 30, () =>
    refuse(
      'PIP-VALUE-001',
      'InvalidIdleTimeoutInMinutes',
      `The idle timeout of ${properties.idleTimeoutInMinutes} minutes of publicIp ${id} is invalid. It must be between 4 and 30.`,
      'properties.idleTimeoutInMinutes',
    ),
  );
}

function dnsIssues({ id, location, properties }: PublicIp, { lookup }: RuleContext): readonly Issue[] {
  const label = properties.dnsSettings?.domainNameLabel;
  if (label === undefined) return [];
  const isTaken = lookup
    .list(types.publicIpAddress)
    .map(asPublicIpAddress)
    .some(
      (other) =>
        other !== undefined &&
        !isSameResource(other.id, id) &&
        other.location === location &&
        other.properties.dnsSettings?.domainNameLabel?.toLowerCase() === label.toLowerCase(),
    );
  return [
    ...when(!/^[a-z][a-z0-9-]{1,61}[a-z0-9]$/.test(label), () =>
      refuse(
        'PIP-DNS-001',
        'InvalidDomainNameLabel',
        `The domain name label ${label} is invalid. It must conform to the following regular expression: ^[a-z][a-z0-9-]{1,61}[a-z0-9]$.`,
        'properties.dnsSettings.domainNameLabel',
      ),
    ),
    ...when(isTaken, () =>
      refuse(
        'PIP-DNS-002',
        'DnsRecordInUse',
        `DNS record ${fqdn(label, location)} is already used by another public IP.`,
        'properties.dnsSettings.domainNameLabel',
      ),
    ),
  ];
}

function changeIssues({ id, properties, top }: PublicIp, existing: PublicIp | undefined, { lookup }: RuleContext): readonly Issue[] {
  if (existing === undefined) return [];
  const isInUse = usesOfPublicAddress(lookup, id).length > 0;
  return [
    ...when(properties.publicIPAddressVersion !== existing.properties.publicIPAddressVersion, () =>
      refuse(
        'PIP-CHANGE-001',
        'PublicIPAddressVersionCannotBeChanged',
        `The IP version of publicIp ${id} cannot be changed after creation.`,
        'properties.publicIPAddressVersion',
      ),
    ),
    ...when((top.zones ?? []).toSorted().join() !== (existing.top.zones ?? []).toSorted().join(), () =>
      refuse(
        'PIP-CHANGE-002',
        'ResourceAvailabilityZonesCannotBeModified',
        `Resource ${id} has an existing availability zone constraint and the request has a different one. Zones cannot be added/updated/removed once the resource is created.`,
        'zones',
      ),
    ),
    ...when(isInUse && existing.top.sku.name !== top.sku.name, () =>
      refuse(
        'PIP-CHANGE-003',
        'PublicIPAddressInUseSkuCannotBeChanged',
        `The sku of publicIp ${id} cannot be changed while it is in use.`,
        'sku.name',
      ),
    ),
    ...when(isInUse && existing.properties.publicIPAllocationMethod === 'Static' && properties.publicIPAllocationMethod === 'Dynamic', () =>
      refuse(
        'PIP-CHANGE-004',
        'PublicIPAddressInUseAllocationMethodCannotBeChanged',
        `The allocation method of publicIp ${id} cannot be changed to Dynamic while it is in use.`,
        'properties.publicIPAllocationMethod',
      ),
    ),
  ];
}

function fqdn(label: string, location: string): string {
  return `${label}.${location}.cloudapp.azure.com`;
}

function view({ id, location, properties, allocated }: PublicIp, context: ViewContext): JsonObject {
  const { dnsSettings, ...rest } = properties;
  const ipAddress = allocated.ipAddress ?? attachedAddress(id, context);
  const use = usesOfPublicAddress(context.lookup, id)[0];
  const label = dnsSettings?.domainNameLabel;
  return {
    ...(ipAddress === undefined ? {} : { ipAddress }),
    ...rest,
    ...(dnsSettings === undefined
      ? {}
      : { dnsSettings: { ...dnsSettings, ...(label === undefined ? {} : { fqdn: fqdn(label, location) }) } }),
    ...(use === undefined ? {} : { ipConfiguration: { id: use.ipConfiguration } }),
  };
}
