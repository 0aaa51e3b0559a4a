/**
 * The devices there are scripts for, by the names Microsoft's list uses where it has them.
 * https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-download-vpndevicescript#available
 */
import { ciscoAsa } from './families/cisco-asa.ts';
import { ciscoIosXe } from './families/cisco-ios-xe.ts';
import { fortinetFortiGate } from './families/fortinet-fortigate.ts';
import { juniperSrx } from './families/juniper-srx.ts';
import { libreswan } from './families/libreswan.ts';
import { mikrotikRouterOs } from './families/mikrotik-routeros.ts';
import { opnsense } from './families/opnsense.ts';
import { paloAltoPanOs } from './families/palo-alto-pan-os.ts';
import { strongSwan } from './families/strongswan.ts';
import { ubiquitiEdgeRouter } from './families/ubiquiti-edgerouter.ts';
import { vyos } from './families/vyos.ts';
import type { DeviceFamily, DeviceLanguage } from './family.ts';

export const deviceFamilies: readonly DeviceFamily[] = (
  [
    ['Cisco', 'CSR', 'IOS-XE 16.10', ciscoIosXe],
    ['Cisco', 'ISR', 'IOS-XE 16.10', ciscoIosXe],
    ['Cisco', 'ASR', 'IOS-XE 16.10', ciscoIosXe],
    ['Cisco', 'ASA', 'ASA 9.8', ciscoAsa],
    ['Juniper', 'Juniper_SRX_GA', 'Juniper_SRX_12.x_GA', juniperSrx],
    ['Ubiquiti', 'EdgeRouter', 'EdgeOS v1.10x', ubiquitiEdgeRouter],
    ['Fortinet', 'FortiGate', 'FortiOS 6.0', fortinetFortiGate],
    ['Palo Alto Networks', 'PAN-OS', 'PAN-OS 9.0', paloAltoPanOs],
    ['VyOS', 'VyOS', 'VyOS 1.4', vyos],
    ['MikroTik', 'RouterOS', 'RouterOS 7', mikrotikRouterOs],
    ['strongSwan', 'swanctl', 'strongSwan 5.9', strongSwan],
    ['libreswan', 'libreswan', 'libreswan 4.0', libreswan],
    ['OPNsense', 'OPNsense', 'OPNsense 23.1', opnsense],
  ] as const satisfies readonly (readonly [string, string, string, DeviceLanguage])[]
).map(([vendor, family, firmwareVersion, language]) => ({ vendor, family, firmwareVersion, language }));

export type DeviceRequest = { readonly vendor: string; readonly deviceFamily: string; readonly firmwareVersion: string };

/** Ignoring case, as Azure compares names. */
export function findDeviceFamily(request: DeviceRequest): DeviceFamily | undefined {
  const key = (...names: readonly string[]): string => names.join('\n').toLowerCase();
  const wanted = key(request.vendor, request.deviceFamily, request.firmwareVersion);
  return deviceFamilies.find((device) => key(device.vendor, device.family, device.firmwareVersion) === wanted);
}
