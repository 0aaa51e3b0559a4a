/** PEM of an outbound certificate to the facts that rules judge, and to the form that is stored. Never says anything of the key. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { CertificateFacts } from '@sallyport/model';

export type ReadCertificate = {
  readonly facts: CertificateFacts;
  readonly subject: string;
  readonly issuer: string;
  /** SHA-1, as Key Vault's `x5t` and Azure's thumbprints: hex, no colons. */
  readonly thumbprint: string;
  /** ISO 8601. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** Base64 of DER: what the device must trust, and what leads there. */
  readonly chain: readonly string[];
  /** The certificate that the key belongs to, its issuers, the key. */
  readonly pem: string;
};

const certificateBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const keyBlock = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[^-]+-----END \1-----/;

/** @returns a reason when there is no certificate in it that can be read. */
export function readCertificate(text: string): ReadCertificate | { readonly reason: string } {
  const certificates: X509Certificate[] = [];
  for (const block of text.match(certificateBlock) ?? []) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      return { reason: 'one of its certificates can not be read' };
    }
  }
  const key = readKey(keyBlock.exec(text)?.[0]);
  // A PKCS#12 file's text has them in any order.
  const own = certificates.find((one) => key !== undefined && one.checkPrivateKey(key)) ?? certificates[0];
  if (own === undefined) return { reason: 'it holds no certificate in PEM' };
  const issuers = certificates.filter((one) => one !== own);
  const hasItsPrivateKey = key !== undefined && own.checkPrivateKey(key);
  const pem = [own, ...issuers].map((one) => one.toString());
  return {
    facts: {
      subject: nameOf(own.subject),
      keyType: own.publicKey.asymmetricKeyType ?? 'unknown',
      keyBits: own.publicKey.asymmetricKeyDetails?.modulusLength ?? 0,
      extendedKeyUsage: own.keyUsage ?? [],
      hasItsPrivateKey,
    },
    subject: nameOf(own.subject),
    issuer: nameOf(own.issuer),
    thumbprint: own.fingerprint.replaceAll(':', ''),
    notBefore: new Date(own.validFrom).toISOString(),
    notAfter: new Date(own.validTo).toISOString(),
    chain: [own, ...issuers].map((one) => one.raw.toString('base64')),
    pem: [...pem, key?.export({ type: 'pkcs8', format: 'pem' }).toString() ?? ''].join(''),
  };
}

function readKey(block: string | undefined): KeyObject | undefined {
  try {
    return block === undefined ? undefined : createPrivateKey(block);
  } catch {
    return undefined; // encrypted or damaged: as good as none
  }
}

/** On one line. Node gives undefined for an empty one, whatever its types say. */
function nameOf(name: string | undefined): string {
  return (name ?? '').split('\n').join(', ');
}
