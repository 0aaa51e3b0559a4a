/** The list of devices as Azure writes it: XML in a string. */
import type { DeviceFamily } from './family.ts';

export function supportedDevicesXml(families: readonly DeviceFamily[]): string {
  const vendors = grouped(families, ({ vendor }) => vendor).map(([vendor, ofVendor]) => [
    `  <Vendor name="${escaped(vendor)}">`,
    ...grouped(ofVendor, ({ family }) => family).flatMap(([family, versions]) => [
      `    <DeviceFamily name="${escaped(family)}">`,
      ...versions.map(({ firmwareVersion }) => `      <FirmwareVersion name="${escaped(firmwareVersion)}" />`),
      '    </DeviceFamily>',
    ]),
    '  </Vendor>',
  ]);
  return ['<?xml version="1.0" encoding="utf-8"?>', '<RpVpnDeviceList version="1.0">', ...vendors.flat(), '</RpVpnDeviceList>'].join('\n');
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): readonly (readonly [string, readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups];
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
