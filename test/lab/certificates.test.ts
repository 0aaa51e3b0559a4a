/** A tunnel by certificates from end to end: `sallyport certificate`, the official SDK, a stock strongSwan with files of its own, packets. */
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  buildScenario,
  connectSdk,
  deviceDirectory,
  deviceRunDirectory,
  expectScenario,
  findPlace,
  loadScenario,
  member,
  reloadDevice,
  swanctl,
} from '@sallyport/lab';
import type { LabSession } from '@sallyport/lab';
import { systemClock, until } from '@sallyport/runtime';
import { UpProcess, cli, ports, withEvidence } from './up-process.ts';

const site = 'site1';

test('a device with certificates connects, carries packets, and is refused with one of another authority', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'certificates', async () => {
    const { session } = up;
    const scenario = loadScenario('s2s-ikev2-psk', session.arm.file.subscriptionId);
    await buildScenario(session, scenario);
    const connection = scenario.expect[0]?.connection ?? '';
    const folder = join(deviceDirectory(session.fabric, site), 'certificates');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const make = (name: string, subject: string): Promise<void> => issue(join(folder, name), subject);
    await make('gateway', '/O=Contoso/CN=gateway.contoso.com');
    await make('branch', '/O=Contoso/CN=branch.contoso.com');
    const pem = (name: string): string => readFileSync(join(folder, name), 'utf8');

    // As PKCS#12 with a password, the way a Key Vault takes it.
    writeFileSync(join(folder, 'password'), 'Only.For.This.Test', { mode: 0o600 });
    const bundle = ['-inkey', join(folder, 'gateway.key'), '-in', join(folder, 'gateway.pem'), '-out', join(folder, 'gateway.pfx')];
    await ports.run(['openssl', 'pkcs12', '-export', ...bundle, '-passout', `file:${join(folder, 'password')}`]);
    const own = ['--data-dir', session.fabric.dataDirectory];
    const password = ['--password-file', join(folder, 'password')];
    const imported = await ports.run([cli, 'certificate', 'import', 'gateway', join(folder, 'gateway.pfx'), ...password, ...own]);
    expect(imported.stdout).toMatch(/^gateway: O=Contoso, CN=gateway\.contoso\.com, until 20/);
    expect((await ports.run([cli, 'certificate', 'list', ...own])).stdout).toMatch(/gateway +O=Contoso, CN=gateway\.contoso\.com/);

    const { virtualNetworkGatewayConnections: connections } = await connectSdk(session.arm.file);
    const [resourceGroup = '', name = ''] = [connection.split('/')[4], connection.split('/').at(-1)];
    const before = await connections.get(resourceGroup, name);
    await connections.createOrUpdate(resourceGroup, name, {
      ...before,
      authenticationType: 'Certificate',
      certificateAuthentication: {
        outboundAuthCertificate: 'https://contoso.vault.azure.net/certificates/gateway',
        inboundAuthCertificateSubjectName: 'O=Contoso, CN=branch.contoso.com',
        inboundAuthCertificateChain: [pem('branch-ca.pem').replaceAll(/-----[A-Z ]+-----|\s/g, '')],
      },
    });
    expect((await connections.get(resourceGroup, name)).authenticationType).toBe('Certificate');
    await giveDevice(session, folder);
    await expectScenario(session, scenario);
    const sas = await swanctl(session.ports, session.fabric, site, ['--list-sas']);
    expect(sas.stdout).toMatch(/remote 'O=Contoso, CN=gateway\.contoso\.com'/);

    const secretLine = pem('gateway.key').split('\n')[3] ?? '';
    expect(filesWith(session, secretLine)).toEqual(['secrets 600']);
    expect(up.output).not.toContain(secretLine);
    const { stdout } = await ports.run(['ps', 'axww', '-o', 'args']);
    expect(stdout).not.toContain(secretLine);

    // A certificate of the same name, of an authority of the same name: not the one that the connection trusts.
    await make('branch', '/O=Contoso/CN=branch.contoso.com');
    await giveDevice(session, folder);
    await swanctl(session.ports, session.fabric, site, ['--terminate', '--ike', 'azure', '--force', '--timeout', '5']);
    const told = await until(
      async () => member(await session.arm.get(connection), 'properties', 'connectionStatusReason'),
      (reason) => member(reason, 'code') === 'CertificateUnknownAuthority',
      { because: 'the other certificate is refused', clock: systemClock, timeoutMs: 60_000 },
    );
    expect(member(told, 'message')).toMatch(
      /certificate O=Contoso, CN=branch\.contoso\.com of peer 203\.0\.113\.11 is of an unknown authority/,
    );
  });
});

/** `NAME.pem` and `NAME.key`, issued by a new authority `NAME-ca.pem`. */
async function issue(file: string, subject: string): Promise<void> {
  const run = (...args: readonly string[]): Promise<unknown> => ports.run(['openssl', ...args]);
  const authority = ['-keyout', `${file}-ca.key`, '-out', `${file}-ca.pem`];
  await run('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `${subject} authority`, '-days', '30', ...authority);
  await run('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', subject, '-keyout', `${file}.key`, '-out', `${file}.csr`);
  writeFileSync(`${file}.ext`, 'extendedKeyUsage=serverAuth,clientAuth\n');
  const by = ['-CA', `${file}-ca.pem`, '-CAkey', `${file}-ca.key`, '-CAcreateserial', '-extfile', `${file}.ext`, '-days', '30'];
  await run('x509', '-req', '-in', `${file}.csr`, '-out', `${file}.pem`, ...by);
}

/** As an administrator would: swanctl.conf(5) with files. */
async function giveDevice(session: LabSession, folder: string): Promise<void> {
  const [address, gateway] = [site, 'hq-gateway/IN_0'].map((name) => findPlace(session.fabric, name).addresses[0] ?? '');
  // swanctl(8) looks for keys beside the file it is given, or below SWANCTL_DIR, depending on its version.
  for (const directory of [deviceDirectory(session.fabric, site), deviceRunDirectory(session.fabric, site)]) {
    mkdirSync(join(directory, 'private'), { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'private', 'branch.key'), readFileSync(join(folder, 'branch.key')), { mode: 0o600 });
  }
  const text = `connections {
  azure {
    version = 2
    local_addrs = ${address}
    remote_addrs = ${gateway}
    proposals = aes256-sha1-modp1024
    mobike = no
    local {
      auth = pubkey
      certs = ${join(folder, 'branch.pem')}
    }
    remote {
      auth = pubkey
      id = "O=Contoso, CN=gateway.contoso.com"
      cacerts = ${join(folder, 'gateway-ca.pem')}
    }
    children {
      net1 {
        local_ts = 192.168.0.0/24
        remote_ts = 10.1.0.0/16
        esp_proposals = aes256gcm16
      }
    }
  }
}
`;
  writeFileSync(join(deviceDirectory(session.fabric, site), 'swanctl.conf'), text, { mode: 0o600 });
  await reloadDevice(session.ports, session.fabric, site);
}

/** Folder and mode of our files with the text in clear; the device's are its own affair. */
function filesWith({ fabric }: LabSession, text: string): readonly string[] {
  return [fabric.dataDirectory, fabric.runDirectory].flatMap((root) =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.includes('/lab/') && readFileSync(file, 'latin1').includes(text))
      .map((file) => `${file.split('/').at(-2) ?? ''} ${(statSync(file).mode & 0o777).toString(8)}`),
  );
}
