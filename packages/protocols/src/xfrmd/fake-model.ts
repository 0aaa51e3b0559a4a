/** What a simulated xfrmd knows: tunnels and who uses it, with the real one's rules and codes. No packets. */
import { XfrmdError } from './errors.ts';
import { FakeCaptures } from './fake-captures.ts';
import { xfrmdDropCauses } from './protocol.ts';
import type { XfrmClient, XfrmdDropCause, XfrmdHealth, XfrmdSecurityAssociation, XfrmdStatistics, XfrmdTunnel } from './protocol.ts';

const noTraffic = { receivedPackets: 0, receivedBytes: 0, transmittedPackets: 0, transmittedBytes: 0 };

export class FakeXfrmdModel {
  readonly tunnels = new Map<number, XfrmdTunnel>();
  /** Set by the test or the simulated host: the charon that would be there. */
  xfrmClients: readonly XfrmClient[] = [];
  udpSockets: XfrmdHealth['udpSockets'] = [];
  securityAssociations: readonly XfrmdSecurityAssociation[] = [];
  drops: Partial<Record<XfrmdDropCause, number>> = {};
  pid = 1;
  readonly #captures = new FakeCaptures();

  /** @throws XfrmdError */
  call(method: string, params: unknown): unknown {
    const given = isRecord(params) ? params : {};
    switch (method) {
      case 'health':
        return this.#health();
      case 'createTunnel':
        return this.#createTunnel(given);
      case 'deleteTunnel':
        this.tunnels.delete(integer(given, 'ifId', 0, 4_294_967_295));
        return {};
      case 'listTunnels':
        return this.#list();
      case 'startCapture':
        return this.#captures.start(given);
      case 'stopCapture':
        return this.#captures.stop(given);
      case 'listCaptures':
        return this.#captures.list();
      case 'statistics':
        return this.#statistics();
      default:
        throw new XfrmdError('unknown-method', `unknown method ${method}`);
    }
  }

  /** A charon with the usual two NAT-T sockets, as after its start. */
  connectCharon(pid: number): void {
    this.xfrmClients = [{ pid, connections: 4, ikeChannels: 2, listensToEvents: true }];
    this.udpSockets = ['::', '0.0.0.0'].map((address) => ({ address, port: 4500, pid }));
  }

  disconnectCharon(): void {
    this.xfrmClients = [];
    this.udpSockets = [];
    this.securityAssociations = [];
  }

  #list(): readonly XfrmdTunnel[] {
    return [...this.tunnels.values()].toSorted((a, b) => a.ifId - b.ifId);
  }

  #health(): XfrmdHealth {
    return {
      version: '0.1.0',
      pid: this.pid,
      uptimeSeconds: 0,
      xfrmClients: this.xfrmClients,
      udpSockets: this.udpSockets,
      workers: 1,
      confinement: { systemCalls: true, files: true, missing: '' },
      aesGcm: { library: 'openssl', version: 'OpenSSL 3.0.19' },
    };
  }

  #createTunnel(params: Readonly<Record<string, unknown>>): XfrmdTunnel {
    const ifId = integer(params, 'ifId', 0, 4_294_967_295);
    const name = params['name'];
    if (typeof name !== 'string' || !/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,15}$/.test(name))
      throw new XfrmdError('invalid-parameter', "name must be an interface name of 1 to 15 letters, digits, '-', '_' or '.'");
    const mtu = integer(params, 'mtu', 576, 65_535);
    const clamp = params['mssClamp'];
    const mssClamp = clamp === undefined || clamp === 0 ? 0 : integer(params, 'mssClamp', 88, 65_495);
    const other = [...this.tunnels.values()].find((tunnel) => (tunnel.ifId === ifId) !== (tunnel.name === name));
    if (other !== undefined) throw new XfrmdError('conflict', `tunnel ${other.name} has if_id ${other.ifId}`);
    const tunnel = { ifId, name, mtu, mssClamp, counters: this.tunnels.get(ifId)?.counters ?? noTraffic };
    this.tunnels.set(ifId, tunnel);
    return tunnel;
  }

  #statistics(): XfrmdStatistics {
    // Every cause is listed, so the result has all keys.
    const drops = Object.fromEntries(xfrmdDropCauses.map((cause) => [cause, this.drops[cause] ?? 0])) as Record<XfrmdDropCause, number>;
    return {
      drops,
      securityAssociations: this.securityAssociations,
      tunnels: this.#list(),
      policies: 0,
      segmentationFallbacks: 0,
    };
  }
}

function integer(params: Readonly<Record<string, unknown>>, name: string, low: number, high: number): number {
  const value = params[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw new XfrmdError('invalid-parameter', `${name} must be an integer from ${low} to ${high}`);
  return value;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
