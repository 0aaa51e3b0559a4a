/** Our own certificate as the control plane gives it: PEM with certificates, the first ours, and its private key. Pure. */
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';

export type OwnCertificate = {
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER, from ours to the authority; ours not included. */
  readonly issuers: readonly Uint8Array[];
  /** PKCS#1 DER. */
  readonly privateKey: Uint8Array;
  /** charon's id of it: SHA-1 of the RSA public key. */
  readonly keyId: string;
};

/** @throws Error when something is missing or damaged; the message holds none of it. */
export function readOwnCertificate(pem: string): OwnCertificate {
  const [certificate, ...issuers] = (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text).raw,
  );
  const key = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^-]+-----END \1PRIVATE KEY-----/.exec(pem)?.[0];
  if (certificate === undefined || key === undefined) throw new Error('the certificate of the connection lacks a part');
  const privateKey = readKey(key);
  const publicKey = createPublicKey(privateKey).export({ type: 'pkcs1', format: 'der' });
  return {
    certificate,
    issuers,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'der' }),
    keyId: createHash('sha1').update(publicKey).digest('hex'),
  };
}

function readKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch {
    // The cause could quote the key.
    throw new Error("the private key of the connection's certificate can not be read");
  }
}
