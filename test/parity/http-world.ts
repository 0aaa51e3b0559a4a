/** More gateways and sites beside the site-to-site world of the control plane's tests, and the bodies to change them with. Rules without HTTP are world.ts. */
import { idOf, type TestServer } from '@sallyport/control-plane/testing';

const location = 'westeurope';

async function make({ client }: TestServer, type: string, name: string, body: object): Promise<void> {
  const { first, last } = await client.run('PUT', idOf(type, name), { location, ...body });
  if (first.status >= 300 || (last !== undefined && last.body.status !== 'Succeeded'))
    throw new Error(`${type}/${name}: ${first.status} ${first.text} ${last?.text ?? ''}`);
}

/** A network, an address and a gateway of one name; the address is Basic when the SKU is. `prefix` is `10.2`. */
export async function addGateway(
  server: TestServer,
  name: string,
  prefix: string,
  properties: {
    readonly sku: { readonly name: string; readonly tier: string };
    readonly vpnType?: string;
    readonly vpnGatewayGeneration?: string;
  },
): Promise<void> {
  const isBasic = properties.sku.name === 'Basic';
  await make(server, 'virtualNetworks', name, {
    properties: {
      addressSpace: { addressPrefixes: [`${prefix}.0.0/16`] },
      subnets: [{ name: 'GatewaySubnet', properties: { addressPrefix: `${prefix}.255.0/27` } }],
    },
  });
  await make(server, 'publicIPAddresses', name, {
    sku: { name: isBasic ? 'Basic' : 'Standard' },
    properties: { publicIPAllocationMethod: isBasic ? 'Dynamic' : 'Static' },
  });
  const subnet = { id: `${idOf('virtualNetworks', name)}/subnets/GatewaySubnet` };
  const publicIPAddress = { id: idOf('publicIPAddresses', name) };
  const ipConfigurations = [{ name: 'default', properties: { subnet, publicIPAddress } }];
  await make(server, 'virtualNetworkGateways', name, {
    properties: { gatewayType: 'Vpn', vpnType: 'RouteBased', ipConfigurations, ...properties },
  });
}

export function addSite(server: TestServer, name: string, properties: object): Promise<void> {
  return make(server, 'localNetworkGateways', name, { properties });
}

/** As a client changes a gateway: what it read, with some members replaced. */
export async function gatewayBody(server: TestServer, name: string, properties: object): Promise<object> {
  const { body } = await server.client.send('GET', idOf('virtualNetworkGateways', name));
  return { ...body, properties: { ...body.properties, ...properties } };
}

export function siteBody(properties: object): object {
  return { location, properties };
}

export function connectionBody(gateway: string, site: string, properties: object = {}): object {
  return {
    location,
    properties: {
      connectionType: 'IPsec',
      virtualNetworkGateway1: { id: idOf('virtualNetworkGateways', gateway) },
      localNetworkGateway2: { id: idOf('localNetworkGateways', site) },
      ...properties,
    },
  };
}
