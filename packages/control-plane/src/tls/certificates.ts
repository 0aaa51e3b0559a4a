/** Which certificates we hold and when they are renewed: one for the API and the agent link, one per agent. */
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '@sallyport/runtime';
import { keepWholeFile, writeWholeFile } from '@sallyport/runtime';
import type { CertificateAuthority, KeyPair } from './authority.ts';

/** Below the 398 days that some TLS clients accept at most. */
const leafDays = 365;
const renewBeforeMs = 30 * 86_400_000;

/** Names under which clients reach us; `listenHost` may be a wildcard address, which names nothing. */
export function certificateNames(listenHosts: readonly string[], extra: readonly string[]): readonly string[] {
  const wildcard = new Set(['0.0.0.0', '::']);
  return [...new Set(['localhost', '127.0.0.1', '::1', ...listenHosts.filter((host) => !wildcard.has(host)), ...extra])];
}

/** The server's key and certificate, made anew when missing, near its end, of another CA, or lacking a name. */
export async function serverCertificate(options: {
  readonly directory: string;
  readonly authority: CertificateAuthority;
  readonly names: readonly string[];
  readonly clock: Clock;
}): Promise<KeyPair> {
  const { names } = options;
  return keepOrIssue(options, join(options.directory, 'server'), names, () =>
    options.authority.issue({
      commonName: 'sallyport',
      usage: 'server',
      names: names.filter((name) => isIP(name) === 0),
      addresses: names.filter((name) => isIP(name) !== 0),
      days: leafDays,
    }),
  );
}

export type AgentCertificateFiles = { readonly keyFile: string; readonly certFile: string; readonly caFile: string };

/** Files under `agents/<host>/` for an agent to sign in with; existing good ones are kept. */
export async function issueAgentCertificate(options: {
  readonly directory: string;
  readonly authority: CertificateAuthority;
  readonly host: string;
  readonly clock: Clock;
}): Promise<AgentCertificateFiles> {
  const { host } = options;
  const folder = join(options.directory, 'agents', host);
  await keepOrIssue(options, folder, [], () =>
    options.authority.issue({ commonName: host, usage: 'client', names: [], addresses: [], days: leafDays }),
  );
  const caFile = join(folder, 'ca.pem');
  keepWholeFile(caFile, options.authority.caPem);
  return { keyFile: join(folder, 'key.pem'), certFile: join(folder, 'cert.pem'), caFile };
}

async function keepOrIssue(
  options: { readonly authority: CertificateAuthority; readonly clock: Clock },
  folder: string,
  names: readonly string[],
  issue: () => Promise<KeyPair>,
): Promise<KeyPair> {
  const keyFile = join(folder, 'key.pem');
  const certFile = join(folder, 'cert.pem');
  if (existsSync(keyFile) && existsSync(certFile)) {
    const kept = { keyPem: readFileSync(keyFile, 'utf8'), certificatePem: readFileSync(certFile, 'utf8') };
    if (isReadable(kept) && isGood(kept, options.authority.caPem, names, options.clock)) return kept;
  }
  const made = await issue();
  writeWholeFile(keyFile, made.keyPem);
  writeWholeFile(certFile, made.certificatePem);
  return made;
}

/** What was damaged is made anew. */
function isReadable(pair: KeyPair): boolean {
  try {
    return new X509Certificate(pair.certificatePem).serialNumber !== '' && createPrivateKey(pair.keyPem).type === 'private';
  } catch {
    return false;
  }
}

function isGood(pair: KeyPair, caPem: string, names: readonly string[], clock: Clock): boolean {
  const certificate = new X509Certificate(pair.certificatePem);
  const covers = (name: string): boolean => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;
  return (
    certificate.validToDate.getTime() - clock.now() > renewBeforeMs &&
    certificate.verify(new X509Certificate(caPem).publicKey) &&
    certificate.checkPrivateKey(createPrivateKey(pair.keyPem)) && // a crash may have come between the two files
    names.every(covers)
  );
}
