/**
 * VGW-DEV-002, the proof of device scripts: an empty site's strongSwan or libreswan is given what vpndeviceconfigurationscript answers, not a
 * character changed, and the connection comes up with packets both ways. For each kind of policy and each side that may begin.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  addSite,
  buildScenario,
  deviceDirectory,
  expectScenario,
  loadScenario,
  member,
  siteAddresses,
  startDevice,
  swanctl,
} from '@sallyport/lab';
import type { LabSession, Scenario } from '@sallyport/lab';
import { LibreswanDevice } from './libreswan-device.ts';
import { UpProcess, ports, withEvidence } from './up-process.ts';

const libreswan = { vendor: 'libreswan', deviceFamily: 'libreswan', firmwareVersion: 'libreswan 4.0' };
const strongSwan = { vendor: 'strongSwan', deviceFamily: 'swanctl', firmwareVersion: 'strongSwan 5.9' };

test.for([
  {
    name: 's2s-ikev2-psk',
    change: { connectionMode: 'ResponderOnly', sharedKey: `0x"quoted'\\$(key);{#}?` },
    suite: 'AES_CBC-256/HMAC_SHA2_256_128',
  },
  { name: 's2s-custom-policy', change: { connectionMode: 'InitiatorOnly' }, suite: 'AES_CBC-256/HMAC_SHA2_384_192' },
  { name: 's2s-policy-selectors', change: {}, suite: 'AES_CBC-256/HMAC_SHA2_256_128' },
  { name: 's2s-ikev1-psk', change: {}, suite: 'AES_CBC-256/HMAC_SHA2_256_128' },
])('a strongSwan with the unedited script of $name comes up', async ({ name, change, suite }) => {
  await using up = await UpProcess.start();
  await withEvidence(up, `device-script-${name}`, async () => {
    const { session } = up;
    const scenario = changed(loadScenario(name, session.arm.file.subscriptionId), change);
    await buildScenario(session, scenario, { sites: false });
    for (const [index, site] of scenario.sites.entries()) {
      await addSite(ports, up.fabric, { name: site.name, prefixes: site.prefixes, publicAddress: site.publicAddress });
      const script = await session.arm.post(`${connectionsOf(scenario)[index]?.put ?? ''}/vpndeviceconfigurationscript`, strongSwan);
      await configure(session, site.name, String(script));
    }
    expect((await expectScenario(session, scenario)).length).toBeGreaterThan(1);
    const { stdout } = await swanctl(ports, up.fabric, scenario.sites[0]?.name ?? '', ['--list-sas']);
    expect(stdout).toContain(suite);
  });
});

const policy = {
  ikeEncryption: 'AES256',
  ikeIntegrity: 'SHA256',
  dhGroup: 'DHGroup14',
  ipsecEncryption: 'GCMAES256',
  ipsecIntegrity: 'GCMAES256',
  pfsGroup: 'PFS2048',
  saLifeTimeSeconds: 3600,
  saDataSizeKilobytes: 102_400_000,
};
const cbc = { ...policy, ikeIntegrity: 'SHA384', dhGroup: 'ECP256', ipsecEncryption: 'AES128', ipsecIntegrity: 'SHA256', pfsGroup: 'None' };

test.for([
  {
    what: 'IKEv2 and GCM, the device beginning',
    change: { ipsecPolicies: [policy], connectionMode: 'ResponderOnly', sharedKey: `"quoted'\\$(key)` },
    says: /established Child SA.*xfrm=AES_GCM_16_256-NONE/,
  },
  {
    what: 'IKEv2 and CBC with selectors, the gateway beginning',
    change: { ipsecPolicies: [cbc], connectionMode: 'InitiatorOnly', usePolicyBasedTrafficSelectors: true },
    says: /responder established Child SA.*xfrm=AES_CBC_128-HMAC_SHA2_256_128/,
  },
  {
    what: 'IKEv1, the device beginning',
    change: { ipsecPolicies: [{ ...cbc, ikeIntegrity: 'SHA1' }], connectionProtocol: 'IKEv1', connectionMode: 'ResponderOnly' },
    says: /IPsec SA established.*xfrm=AES_CBC_128-HMAC_SHA2_256_128/,
  },
])('a libreswan with the unedited script comes up: $what', async ({ what, change, says }) => {
  await using up = await UpProcess.start();
  await withEvidence(up, `libreswan-${what.replaceAll(/\W+/g, '-')}`, async () => {
    const { session } = up;
    const scenario = changed(loadScenario('s2s-ikev2-psk', session.arm.file.subscriptionId), change);
    await buildScenario(session, scenario, { sites: false });
    const [site] = scenario.sites;
    if (site === undefined) throw new Error('s2s-ikev2-psk has a site');
    const { prefixes } = await addSite(ports, up.fabric, { name: site.name, prefixes: site.prefixes, publicAddress: site.publicAddress });
    const script = await session.arm.post(`${connectionsOf(scenario)[0]?.put ?? ''}/vpndeviceconfigurationscript`, libreswan);
    await using device = await LibreswanDevice.start(ports, up.fabric, site, {
      script: String(script),
      remotePrefixes: ['10.1.0.0/16'],
      source: siteAddresses({ prefixes }).device[0] ?? '',
    });
    expect((await expectScenario(session, scenario)).length).toBeGreaterThan(1);
    expect(device.log).toMatch(says);
  });
});

/** The file as a user of strongSwan saves it, and `swanctl --load-all`. */
async function configure({ fabric }: LabSession, site: string, script: string): Promise<void> {
  mkdirSync(deviceDirectory(fabric, site), { recursive: true, mode: 0o700 });
  writeFileSync(join(deviceDirectory(fabric, site), 'swanctl.conf'), script, { mode: 0o600 });
  await startDevice(ports, fabric, { name: site });
}

function connectionsOf({ resources }: Scenario): Scenario['resources'] {
  return resources.filter(({ put }) => put.includes('/connections/'));
}

function changed(scenario: Scenario, properties: object): Scenario {
  const resources = scenario.resources.map((resource) =>
    connectionsOf(scenario).includes(resource)
      ? { ...resource, body: { ...resource.body, properties: { ...(member(resource.body, 'properties') as object), ...properties } } }
      : resource,
  );
  return { ...scenario, resources };
}
