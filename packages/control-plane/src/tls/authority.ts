/**
 * Our own certificate authority: made at first start, signs the API's certificate and the agents' client certificates.
 * ECDSA P-256. Files: `ca/key.pem` (0600) and `ca.pem`, which clients are given. Not a public CA: no revocation lists; an
 * agent loses access by being removed from the settings. RFC 5280.
 */
import 'reflect-metadata'; // must come before x509, which needs it
import * as x509 from '@peculiar/x509';
import type { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@sallyport/runtime';
import { readOwnFile, writeWholeFile } from '@sallyport/runtime';

export type KeyPair = { readonly keyPem: string; readonly certificatePem: string };

export type CertificateRequest = {
  readonly commonName: string;
  readonly usage: 'server' | 'client';
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly days: number;
};

export type CertificateAuthority = {
  readonly caFile: string;
  readonly caPem: string;
  readonly issue: (request: CertificateRequest) => Promise<KeyPair>;
};

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
const caDays = 3650;
const remedy = 'put a copy back, or remove ca.pem and ca/, and let every client trust the new ca.pem';

export async function openAuthority(directory: string, clock: Clock): Promise<CertificateAuthority> {
  const caFile = join(directory, 'ca.pem');
  const keyFile = join(directory, 'ca', 'key.pem');
  if (!existsSync(caFile) || !existsSync(keyFile)) {
    const made = await createAuthority(clock);
    writeWholeFile(keyFile, made.keyPem);
    writeWholeFile(caFile, made.certificatePem, { mode: 0o644 });
  }
  const caPem = readFileSync(caFile, 'utf8');
  const certificate = readOwnFile(caFile, (pem) => new x509.X509Certificate(pem), remedy);
  const pkcs8 = readOwnFile(keyFile, pemBody, remedy);
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  return { caFile, caPem, issue: (request) => issue(request, certificate, key, clock) };
}

async function createAuthority(clock: Clock): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const serialNumber = newSerial();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: `CN=Sallyport CA ${serialNumber.slice(0, 8)}`,
    ...validity(clock, caDays),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keyPem: await privatePem(keys.privateKey), certificatePem: `${certificate.toString('pem')}\n` };
}

async function issue(
  request: CertificateRequest,
  authority: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
  clock: Clock,
): Promise<KeyPair> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const alternatives: x509.JsonGeneralNames = [
    ...request.names.map((value) => ({ type: 'dns' as const, value })),
    ...request.addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  const usage = request.usage === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `CN=${request.commonName}`,
    issuer: authority.subject,
    ...validity(clock, request.days),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(alternatives.length > 0 ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { keyPem: await privatePem(keys.privateKey), certificatePem: `${certificate.toString('pem')}\n` };
}

/** Starts an hour early: clients' clocks differ. */
function validity(clock: Clock, days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(clock.now() - dayMs / 24), notAfter: new Date(clock.now() + days * dayMs) };
}

function newSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes.set([((bytes[0] ?? 0) & 0x7f) | 0x40]); // positive and without leading zero
  return Buffer.from(bytes).toString('hex');
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

function pemBody(pem: string): ArrayBuffer {
  const [body] = x509.PemConverter.decode(pem);
  if (body === undefined) throw new Error('the CA key file holds no PEM block');
  return body;
}
