/** What the file of a device family says of it. The catalogue is families.ts. */
import type { AlgorithmNames, Algorithms } from './algorithms.ts';
import type { DeviceScriptFacts } from './facts.ts';

/** Devices that share a language. */
export type DeviceLanguage = {
  /** For sentences: `Cisco IOS-XE`. */
  readonly title: string;
  readonly algorithms: (ikeVersion: 1 | 2) => Algorithms;
  readonly render: (facts: DeviceScriptFacts, names: AlgorithmNames) => string;
};

/** As `supportedvpndevices` lists it and `vpndeviceconfigurationscript` names it. */
export type DeviceFamily = {
  readonly vendor: string;
  readonly family: string;
  readonly firmwareVersion: string;
  readonly language: DeviceLanguage;
};
