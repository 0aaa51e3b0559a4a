/** What the program in the guest tells the test outside, one JSON line per scenario. */
import type { ConnectionObservation } from '@sallyport/model';
import type { Association } from '../kernel-tables.ts';

export type GatewayReading = {
  /** Without the fabric's prefix. */
  readonly namespace: string;
  readonly interfaces: readonly string[];
  readonly associations: readonly Association[];
};

export type ScenarioReport = {
  readonly scenario: string;
  readonly seconds: number;
  /** The agent's own word: `kernel` or `xfrmd`. */
  readonly ipsec: string;
  /** `from to`, one per answered echo. */
  readonly trips: readonly string[];
  readonly ikeSas: ConnectionObservation['ikeSas'];
  readonly gateways: readonly GatewayReading[];
  /** On the public network. */
  readonly packets: {
    readonly ike: number;
    readonly udpEsp: number;
    readonly rawEsp: number;
    readonly other: number;
    readonly inner: number;
  };
  /** Namespaces of gateways after everything was deleted. */
  readonly left: readonly string[];
};

export type ReportLine = { readonly report: ScenarioReport } | { readonly scenario: string; readonly failure: string };
