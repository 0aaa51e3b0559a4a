/** What the program in the guest tells the test outside, one JSON line per scenario and step. */
import type { ConnectionObservation } from '@sallyport/model';
import type { Association } from '../kernel-tables.ts';

/** After a scenario's name: the same with a device on the kernel's ESP. */
export const rawEspSuffix = ', raw ESP';

export type GatewayReading = {
  /** Without the fabric's prefix. */
  readonly namespace: string;
  /** `name if_id` */
  readonly interfaces: readonly string[];
  readonly associations: readonly Association[];
};

export type ScenarioReport = {
  readonly scenario: string;
  readonly seconds: number;
  /** `from to`, one per answered echo. */
  readonly trips: readonly string[];
  /** The agent's own word: `kernel` or `xfrmd`. */
  readonly ipsec: string;
  readonly ikeSas: ConnectionObservation['ikeSas'];
  readonly gateways: readonly GatewayReading[];
  /** On the public network; `other` is neither IKE nor ESP, `inner` has an address from inside the tunnel. */
  readonly packets: {
    readonly ike: number;
    readonly udpEsp: number;
    readonly rawEsp: number;
    readonly other: number;
    readonly inner: number;
  };
};

/** Of a flood of echoes over a gateway's bandwidth. */
export type BandwidthReport = { readonly sent: number; readonly answered: number; readonly dropped: number };

export type ReportLine =
  | { readonly report: ScenarioReport }
  /** Namespaces of gateways after the scenario was deleted. */
  | { readonly scenario: string; readonly left: readonly string[] }
  | { readonly bandwidth: BandwidthReport }
  | { readonly scenario: string; readonly failure: string };
