/** Certificates: made once, kept, renewed in time, private. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '@sallyport/runtime';
import { openAuthority } from './authority.ts';
import { certificateNames, issueAgentCertificate, serverCertificate } from './certificates.ts';

const dayMs = 86_400_000;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sp-tls-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('the authority is made once, and its key is private', async () => {
  const clock = new ManualClock();
  const first = await openAuthority(directory, clock);
  const second = await openAuthority(directory, clock);
  expect(second.caPem).toBe(first.caPem);
  expect(new X509Certificate(first.caPem).ca).toBe(true);
  expect(statSync(join(directory, 'ca', 'key.pem')).mode & 0o777).toBe(0o600);
});

test('the server certificate covers every name, is kept, and is renewed before it ends or when a name comes', async () => {
  const clock = new ManualClock();
  const authority = await openAuthority(directory, clock);
  const names = certificateNames(['0.0.0.0'], ['vpn.example', '192.0.2.7']);
  expect(names).toEqual(['localhost', '127.0.0.1', '::1', 'vpn.example', '192.0.2.7']);
  const first = await serverCertificate({ directory, authority, names, clock });
  const certificate = new X509Certificate(first.certificatePem);
  expect([certificate.checkHost('vpn.example'), certificate.checkIP('192.0.2.7'), certificate.checkIP('::1')]).not.toContain(undefined);
  expect(certificate.verify(new X509Certificate(authority.caPem).publicKey)).toBe(true);
  expect(await serverCertificate({ directory, authority, names, clock })).toEqual(first);
  const withName = await serverCertificate({ directory, authority, names: [...names, 'two.example'], clock });
  expect(withName).not.toEqual(first);
  await clock.advance(340 * dayMs);
  expect(await serverCertificate({ directory, authority, names, clock })).not.toEqual(withName);
});

test('an agent gets a client certificate with its host as common name', async () => {
  const clock = new ManualClock();
  const authority = await openAuthority(directory, clock);
  const files = await issueAgentCertificate({ directory, authority, host: 'h1', clock });
  const certificate = new X509Certificate(readFileSync(files.certFile));
  expect(certificate.subject).toBe('CN=h1');
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']); // id-kp-clientAuth
  expect(statSync(files.keyFile).mode & 0o777).toBe(0o600);
});

test('damaged certificates of ours are made anew; a damaged authority, which clients trust, is told', async () => {
  const clock = new ManualClock();
  const authority = await openAuthority(directory, clock);
  const files = await issueAgentCertificate({ directory, authority, host: 'h1', clock });
  for (const file of [files.certFile, files.keyFile]) {
    writeFileSync(file, '');
    await issueAgentCertificate({ directory, authority, host: 'h1', clock });
    expect(new X509Certificate(readFileSync(files.certFile)).subject).toBe('CN=h1');
  }
  for (const file of ['ca.pem', join('ca', 'key.pem')].map((name) => join(directory, name))) {
    const whole = readFileSync(file);
    writeFileSync(file, '');
    await expect(openAuthority(directory, clock)).rejects.toThrow(`${file} is damaged: put a copy back, or remove`);
    writeFileSync(file, whole);
  }
});
