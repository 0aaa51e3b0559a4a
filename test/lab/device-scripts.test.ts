/**
 * The proof of device scripts: an empty site's strongSwan is given what vpndeviceconfigurationscript answers, not a character
 * changed, and the connection comes up with packets both ways. Once for each kind of policy and for each side that may begin.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addSite, buildScenario, deviceDirectory, expectScenario, loadScenario, member, startDevice, swanctl } from '@sallyport/lab';
import type { LabSession, Scenario } from '@sallyport/lab';
import { UpProcess, ports, withEvidence } from './up-process.ts';

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
