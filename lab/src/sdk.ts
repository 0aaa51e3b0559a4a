/**
 * The official, unmodified Azure SDK against a running fabric. Scenario bodies are ARM JSON; the SDK's models have
 * `properties` flattened, which `sdkModel` does. Resource groups go over plain HTTPS: they are not in @azure/arm-network.
 */
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { NetworkManagementClient } from '@azure/arm-network';
import { parseResourceId } from '@sallyport/model';
import type { JsonObject, JsonValue } from '@sallyport/model';
import type { ClientFile } from './arm.ts';
import { LabError } from './fabric.ts';

/** What a user's script does; trusting the CA is NODE_EXTRA_CA_CERTS there, which must be set before the process starts. */
export async function connectSdk(file: ClientFile): Promise<NetworkManagementClient> {
  // Loaded when used: it is large, and a host's agent is the same program.
  const [{ ClientSecretCredential }, sdk] = await Promise.all([import('@azure/identity'), import('@azure/arm-network')]);
  const ca = readFileSync(file.caFile, 'utf8');
  if (!getCACertificates('default').includes(ca)) setDefaultCACertificates([...getCACertificates('default'), ca]);
  const credential = new ClientSecretCredential(file.tenantId, file.clientId, file.clientSecret, {
    authorityHost: file.endpoint,
    disableInstanceDiscovery: true,
  });
  return new sdk.NetworkManagementClient(credential, file.subscriptionId, { endpoint: file.endpoint });
}

/** ARM JSON as the SDK's models have it: members of every `properties` lifted one level. */
export function sdkModel(body: JsonObject): JsonObject {
  const lifted: Record<string, JsonValue | undefined> = {};
  for (const [key, value] of Object.entries(body)) {
    if (key === 'properties' && isObject(value)) Object.assign(lifted, sdkModel(value));
    else lifted[key] = modelValue(value);
  }
  return lifted;
}

function modelValue(value: JsonValue | undefined): JsonValue | undefined {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).map((element) => modelValue(element) ?? null);
  return isObject(value) ? sdkModel(value) : value;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Operations = {
  readonly createOrUpdate: (resourceGroup: string, name: string, body: object, options: { abortSignal?: AbortSignal }) => Promise<unknown>;
  readonly delete: (resourceGroup: string, name: string, options: { abortSignal?: AbortSignal }) => Promise<unknown>;
};

/** The SDK's operations for a resource type; pollers are awaited to their end. */
function operationsOf(client: NetworkManagementClient, type: string): Operations {
  const table: Readonly<Record<string, Operations>> = {
    virtualnetworks: client.virtualNetworks,
    networkinterfaces: client.networkInterfaces,
    publicipaddresses: client.publicIPAddresses,
    virtualnetworkgateways: client.virtualNetworkGateways,
    localnetworkgateways: client.localNetworkGateways,
    connections: client.virtualNetworkGatewayConnections as unknown as Operations, // its model has required members that a scenario body has too
    routetables: client.routeTables,
  };
  const found = table[type.toLowerCase()];
  if (found === undefined) throw new LabError(`scenarios can't hold resources of type ${type}`);
  return found;
}

/** Creates a resource by id and waits for its end; @throws what the SDK throws. */
export async function putResource(client: NetworkManagementClient, id: string, body: JsonObject, signal?: AbortSignal): Promise<void> {
  const parts = parseResourceId(id);
  const [type, name] = [parts?.types[0], parts?.names[0]];
  if (parts === undefined || type === undefined || name === undefined || parts.types.length > 1)
    throw new LabError(`${id} is not a top-level resource`);
  await operationsOf(client, type).createOrUpdate(
    parts.resourceGroup,
    name,
    sdkModel(body),
    signal === undefined ? {} : { abortSignal: signal },
  );
}

export async function deleteResource(client: NetworkManagementClient, id: string): Promise<void> {
  const parts = parseResourceId(id);
  const [type, name] = [parts?.types[0], parts?.names[0]];
  if (parts === undefined || type === undefined || name === undefined) throw new LabError(`${id} is not a resource`);
  await operationsOf(client, type).delete(parts.resourceGroup, name, {});
}
