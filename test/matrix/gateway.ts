/** The gateway under test: the whole product, one gateway of the largest size, and a connection for each cell, through the API. */
import { findPlace, loadScenario, member, putResource, connectSdk } from '@sallyport/lab';
import type { LabSession, Place, ScenarioResource } from '@sallyport/lab';
import type { NetworkManagementClient } from '@azure/arm-network';
import type { ConnectionObservation, JsonObject } from '@sallyport/model';
import { observedConnections } from '../lab/up-process.ts';
import type { Cell } from './cells.ts';
import type { Policy } from './policies.ts';

export const sharedKey = 'Matrix.Example.Key.1';
/** The VNet of the scenario that lends its resources. */
export const vnetPrefix = '10.1.0.0/16';

const scenarioName = 's2s-ikev2-psk';
const lifetimes = { saLifeTimeSeconds: 27_000, saDataSizeKilobytes: 102_400_000 };

type Observed = ReadonlyMap<string, ConnectionObservation>;

export type ConnectionRequest = Pick<Cell, 'name' | 'publicAddress' | 'prefix' | 'version'> & {
  readonly policy: Policy | undefined;
  readonly properties?: JsonObject;
};

export class MatrixGateway {
  readonly session: LabSession;
  readonly publicAddress: string;
  readonly #sdk: NetworkManagementClient;
  readonly #group: string;
  #reading: Promise<unknown> = Promise.resolve();
  #nextReading: Promise<Observed> | undefined;

  private constructor(session: LabSession, sdk: NetworkManagementClient, group: string, publicAddress: string) {
    this.session = session;
    this.#sdk = sdk;
    this.#group = group;
    this.publicAddress = publicAddress;
  }

  /** VNet, network interface, public address and gateway of the scenario, without its site. */
  static async create(session: LabSession): Promise<MatrixGateway> {
    const { resources } = loadScenario(scenarioName, session.arm.file.subscriptionId);
    const sdk = await connectSdk(session.arm.file);
    for (const { put, body } of resources.filter(isOfGateway)) {
      if (put.includes('/virtualNetworkGateways/')) await putResource(sdk, put, largest(body));
      else if (put.includes('/providers/')) await putResource(sdk, put, body);
      else await session.arm.put(put, body);
    }
    const group = resources[0]?.put ?? '';
    const [address = ''] = findPlace(session.fabric, 'hq-gateway/IN_0').addresses;
    return new MatrixGateway(session, sdk, group, address);
  }

  get vm(): Place {
    return findPlace(this.session.fabric, 'vm1');
  }

  /** Local network gateway and connection, each until its operation has ended: then charon has it. */
  async connect(request: ConnectionRequest): Promise<void> {
    const network = `${this.#group}/providers/Microsoft.Network`;
    await putResource(this.#sdk, `${network}/localNetworkGateways/${request.name}`, {
      location: 'westeurope',
      properties: { localNetworkAddressSpace: { addressPrefixes: [request.prefix] }, gatewayIpAddress: request.publicAddress },
    });
    await putResource(this.#sdk, this.connectionId(request.name), {
      location: 'westeurope',
      properties: {
        connectionType: 'IPsec',
        virtualNetworkGateway1: { id: `${network}/virtualNetworkGateways/hq-gateway` },
        localNetworkGateway2: { id: `${network}/localNetworkGateways/${request.name}` },
        connectionProtocol: `IKEv${request.version}`,
        sharedKey,
        ...(request.policy === undefined ? {} : { ipsecPolicies: [{ ...request.policy, ...lifetimes }] }),
        ...request.properties,
      },
    });
  }

  connectionId(name: string): string {
    return `${this.#group}/providers/Microsoft.Network/connections/${name}`;
  }

  async properties(name: string): Promise<unknown> {
    return member(await this.session.arm.get(this.connectionId(name)), 'properties');
  }

  async status(name: string): Promise<string> {
    return String(member(await this.properties(name), 'connectionStatus'));
  }

  /** By connection name, as the agent observed them. Each reading is of all: whoever asks while one is under way shares the next. */
  observed(): Promise<Observed> {
    this.#nextReading ??= this.#reading.then(() => {
      this.#nextReading = undefined;
      const reading = this.#read();
      this.#reading = reading.catch(() => {});
      return reading;
    });
    return this.#nextReading;
  }

  async #read(): Promise<Observed> {
    const all = await observedConnections(this.session);
    return new Map(all.map((observation) => [observation.connection.split('/').at(-1) ?? '', observation]));
  }
}

function isOfGateway({ put }: ScenarioResource): boolean {
  return !/\/(?:localNetworkGateways|connections)\//.test(put);
}

/** One hundred tunnels, where the scenario's gateway may have thirty. */
function largest(body: JsonObject): JsonObject {
  const properties = body['properties'] as JsonObject; // of our own scenario
  return { ...body, properties: { ...properties, vpnGatewayGeneration: 'Generation2', sku: { name: 'VpnGw5', tier: 'VpnGw5' } } };
}
