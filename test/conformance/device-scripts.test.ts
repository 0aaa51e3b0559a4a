/** Device scripts with the official clients: both answers are JSON strings, which az prints and the SDK hands back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Az } from '../tools/az.ts';
import { buildSiteToSite, networkId, sharedKey } from './site-to-site.ts';
import { startAzSystem, type AzSystem } from './az-system.ts';
import type { System } from './system.ts';

const group = 'devices';
const scriptOf = ['network', 'vpn-connection', 'show-device-config-script', '-g', group, '-n', 'hq-to-branch'] as const;
let azSystem: AzSystem;
let system: System;
let az: Az;

beforeAll(async () => {
  azSystem = await startAzSystem({}, (made) => buildSiteToSite(made, group));
  ({ loadedAz: az, system } = azSystem);
});
afterAll(() => azSystem[Symbol.asyncDispose]());

test('az network vnet-gateway show-supported-devices reads the list, which Debian’s az then keeps to itself; az rest prints it', async () => {
  // The command of az 2.45 is a preview whose output is None whatever it got; it fails on anything but a string.
  expect(await az.run('network', 'vnet-gateway', 'show-supported-devices', '-g', group, '-n', 'gw')).toMatchObject({ code: 0, stdout: '' });
  const path = networkId(system, group, 'virtualNetworkGateways/gw/supportedvpndevices');
  const url = `${system.server.client.file.endpoint}${path}?api-version=2024-05-01`;
  const list: unknown = await az.json('rest', '--method', 'post', '--url', url, '--resource', system.server.client.file.endpoint);
  expect(list).toMatch(/^<\?xml version="1.0" encoding="utf-8"\?>\n<RpVpnDeviceList version="1.0">/);
  for (const vendor of ['Cisco', 'Juniper', 'Ubiquiti', 'Fortinet', 'Palo Alto Networks', 'VyOS', 'MikroTik', 'strongSwan', 'OPNsense'])
    expect(list).toContain(`<Vendor name="${vendor}">`);
});

test('az network vpn-connection show-device-config-script prints the script with the connection’s key', async () => {
  const device = ['--vendor', 'Juniper', '--device-family', 'Juniper_SRX_GA', '--firmware-version', 'Juniper_SRX_12.x_GA'];
  const script: unknown = await az.json(...scriptOf, ...device);
  expect(script).toContain(`set security ike policy hq-to-branch pre-shared-key ascii-text "${sharedKey}"\n`);
  expect(script).toContain('set security ike gateway hq-to-branch local-identity inet 203.0.113.10\n');
  const { code, stderr } = await az.run(...scriptOf, '--vendor', 'Acme', '--device-family', 'Router', '--firmware-version', '1');
  expect(code).toBe(1);
  expect(stderr).toContain("(VpnDeviceNotSupported) The VPN device with vendor 'Acme', device family 'Router'");
});

test('the SDK hands both strings back', async () => {
  const { network } = system;
  const devices: unknown = await network.virtualNetworkGateways.supportedVpnDevices(group, 'gw');
  expect(devices).toEqual({ body: expect.stringContaining('<DeviceFamily name="ASA">') });
  const script: unknown = await network.virtualNetworkGateways.vpnDeviceConfigurationScript(group, 'hq-to-branch', {
    vendor: 'Cisco',
    deviceFamily: 'ASA',
    firmwareVersion: 'ASA 9.8',
  });
  expect(script).toEqual({ body: expect.stringContaining(`ikev2 remote-authentication pre-shared-key ${sharedKey}\n`) });
});
