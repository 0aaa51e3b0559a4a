/**
 * Encryption at rest of secret documents: AES-256-GCM, a random 96-bit nonce each, and the document's kind and key as
 * associated data so that a ciphertext can't be moved to another document. NIST SP 800-38D.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeWholeFile } from '@sallyport/runtime';
import { StoreError } from './store.ts';

export type Seal = {
  readonly seal: (plain: string, associated: string) => string;
  /** @throws StoreError corrupt */
  readonly open: (sealed: string, associated: string) => string;
};

const nonceBytes = 12;
const tagBytes = 16;

/** The key of a data directory; made at first start, 0600. */
export function sealFromKeyFile(file: string): Seal {
  if (!existsSync(file)) writeWholeFile(file, `${randomBytes(32).toString('base64')}\n`);
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== 32)
    throw new StoreError(
      'corrupt',
      `${file} is damaged, and no secret can be read without it: put a copy of the whole data directory back`,
    );
  return sealWith(key);
}

export function sealWith(key: Buffer): Seal {
  return {
    seal: (plain, associated) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(associated));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64');
    },
    open: (sealed, associated) => {
      const bytes = Buffer.from(sealed, 'base64');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
        decipher.setAAD(Buffer.from(associated)).setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new StoreError('corrupt', `could not decrypt ${associated}: wrong key file or damaged data`, cause);
      }
    },
  };
}
