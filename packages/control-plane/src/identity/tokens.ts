/**
 * Access tokens: JWTs (RFC 7519) signed ES256 by a key made at first start, valid for an hour. `verify` answers the principal
 * or ARM's error for what is wrong. Not here: who gets one (endpoints.ts).
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { SignJWT, errors, exportJWK, jwtVerify } from 'jose';
import type { JWK } from 'jose';
import type { ArmError } from '@sallyport/model';
import { armErrors } from '@sallyport/model';
import type { Clock, IdSource } from '@sallyport/runtime';
import { readOwnFile, writeWholeFile } from '@sallyport/runtime';
import { normaliseAudience } from './audience.ts';

export type Principal = { readonly clientId: string; readonly tenantId: string };

export type TokenAuthority = {
  readonly lifetimeSeconds: number;
  readonly issue: (clientId: string, audience: string) => Promise<string>;
  readonly verify: (token: string, isAudience: (audience: string) => boolean) => Promise<Principal | ArmError>;
  readonly publicKeys: () => Promise<{ readonly keys: readonly JWK[] }>;
};

const lifetimeSeconds = 3600;
/** Clients' clocks may differ by this much. */
const toleranceSeconds = 60;
const cacheSize = 1000;

export function openTokenAuthority(options: {
  readonly keyFile: string;
  readonly tenantId: string;
  readonly clock: Clock;
  readonly ids: IdSource;
}): TokenAuthority {
  const { tenantId, clock, ids } = options;
  if (!existsSync(options.keyFile)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeWholeFile(options.keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  }
  const privateKey = readOwnFile(options.keyFile, createPrivateKey, 'remove it, and clients must sign in again');
  const publicKey = createPublicKey(privateKey);
  const keyId = '1';
  /** Checking a signature costs more than answering most requests, and clients reuse a token for an hour. */
  const verified = new Map<string, { readonly principal: Principal; readonly audiences: readonly string[]; readonly expiresAt: number }>();

  async function verify(token: string, isAudience: (audience: string) => boolean): Promise<Principal | ArmError> {
    const known = verified.get(token);
    if (known !== undefined && known.expiresAt > clock.now() / 1000 && known.audiences.some(isAudience)) return known.principal;
    try {
      const { payload } = await jwtVerify(token, publicKey, {
        algorithms: ['ES256'],
        clockTolerance: toleranceSeconds,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'aud', 'tid', 'appid'],
      });
      const audiences = [payload.aud ?? []].flat();
      const { tid, appid } = payload;
      if (typeof tid !== 'string' || typeof appid !== 'string') return armErrors.invalidAuthenticationToken();
      if (tid.toLowerCase() !== tenantId.toLowerCase()) return armErrors.invalidTokenTenant(tid, tenantId);
      if (!audiences.some(isAudience))
        return armErrors.invalidAuthenticationToken('The access token has been obtained for the wrong audience or resource.');
      if (verified.size >= cacheSize) verified.clear();
      const principal = { clientId: appid, tenantId: tid };
      verified.set(token, { principal, audiences, expiresAt: (payload.exp ?? 0) + toleranceSeconds });
      return principal;
    } catch (error) {
      if (error instanceof errors.JWTExpired)
        return armErrors.expiredAuthenticationToken(
          new Date((error.payload.exp ?? 0) * 1000).toISOString(),
          new Date(clock.now()).toISOString(),
        );
      return armErrors.invalidAuthenticationToken();
    }
  }

  return {
    lifetimeSeconds,
    issue: (clientId, audience) => {
      const now = Math.floor(clock.now() / 1000);
      return new SignJWT({ tid: tenantId, appid: clientId, oid: clientId, idtyp: 'app', ver: '1.0' })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid: keyId })
        .setIssuer(`urn:sallyport:${tenantId}`)
        .setSubject(clientId)
        .setAudience(normaliseAudience(audience))
        .setJti(ids.guid())
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },
    verify,
    publicKeys: async () => ({ keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: 'ES256', use: 'sig' }] }),
  };
}
