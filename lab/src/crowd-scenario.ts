/**
 * What the user of a gateway with many connections PUTs, for as many sites as wanted: s2s-ikev2-psk's network and gateway, one local
 * network gateway and one connection each. The sites themselves are crowd.ts. Pure, and too repetitive to be stored as a scenario.
 */
import type { JsonObject } from '@sallyport/model';
import { loadScenario } from './scenario.ts';
import type { ScenarioResource } from './scenario.ts';

export type CrowdSite = {
  readonly name: string;
  readonly address: string;
  readonly prefix: string;
  /** Behind the site: answers pings. */
  readonly host: string;
  readonly key: string;
};

/** @param number 1 to 240 */
export function crowdSite(number: number): CrowdSite {
  return {
    name: `site${number}`,
    address: `203.0.113.${10 + number}`,
    prefix: `192.168.${number}.0/24`,
    host: `192.168.${number}.10`,
    key: `Sallyport.Crowd.Key.${number}`,
  };
}

export type CrowdScenario = {
  /** Resource group, network, network interface, public address, gateway. */
  readonly gateway: readonly ScenarioResource[];
  /** Of one site: its local network gateway, then its connection. */
  readonly site: (number: number) => readonly ScenarioResource[];
  readonly connection: (number: number) => string;
  readonly networkInterface: string;
};

/** @param connection more properties of every connection: a policy, a mode. */
export function crowdScenario(subscriptionId: string, connection: JsonObject = {}): CrowdScenario {
  const { resources } = loadScenario('s2s-ikev2-psk', subscriptionId);
  const isOfSite = ({ put }: ScenarioResource): boolean => put.endsWith('site1');
  const [local, first] = resources.filter(isOfSite);
  if (local === undefined || first === undefined) throw new Error('s2s-ikev2-psk has a local network gateway and a connection of site1');
  const forNumber = (resource: ScenarioResource, number: number): ScenarioResource => ({
    ...resource,
    put: resource.put.replace(/site1$/, crowdSite(number).name),
  });
  return {
    gateway: resources.filter((resource) => !isOfSite(resource)).map(withLargestSku),
    site: (number) => [
      withProperties(forNumber(local, number), {
        localNetworkAddressSpace: { addressPrefixes: [crowdSite(number).prefix] },
        gatewayIpAddress: crowdSite(number).address,
      }),
      withProperties(forNumber(first, number), {
        localNetworkGateway2: { id: forNumber(local, number).put },
        sharedKey: crowdSite(number).key,
        ...connection,
      }),
    ],
    connection: (number) => forNumber(first, number).put,
    networkInterface: resources.find(({ put }) => put.includes('/networkInterfaces/'))?.put ?? '',
  };
}

function withProperties(resource: ScenarioResource, more: JsonObject): ScenarioResource {
  return { ...resource, body: { ...resource.body, properties: { ...(resource.body['properties'] as JsonObject), ...more } } };
}

/** VpnGw4 is the smallest that allows a hundred connections. */
function withLargestSku(resource: ScenarioResource): ScenarioResource {
  if (!resource.put.includes('/virtualNetworkGateways/')) return resource;
  return withProperties(resource, { sku: { name: 'VpnGw4', tier: 'VpnGw4' }, vpnGatewayGeneration: 'Generation2' });
}
