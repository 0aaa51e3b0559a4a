/**
 * The service principals that may sign in with a secret. Secrets are held only as keyed digests, compared in constant time.
 * Not here: what a client may do once signed in (role assignments come later; every client is an owner).
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export type Client = { readonly clientId: string; readonly displayName: string };

export type ClientRegistry = {
  readonly find: (clientId: string) => Client | undefined;
  readonly hasSecret: (clientId: string, secret: string) => boolean;
};

export type ClientSecret = Client & { readonly clientSecret: string };

export function createClientRegistry(clients: readonly ClientSecret[]): ClientRegistry {
  const pepper = randomBytes(32);
  const digest = (secret: string): Buffer => createHmac('sha256', pepper).update(secret).digest();
  const known = new Map(clients.map((client) => [client.clientId.toLowerCase(), { client, digest: digest(client.clientSecret) }]));
  return {
    find: (clientId) => {
      const found = known.get(clientId.toLowerCase())?.client;
      return found === undefined ? undefined : { clientId: found.clientId, displayName: found.displayName };
    },
    hasSecret: (clientId, secret) => {
      const expected = known.get(clientId.toLowerCase())?.digest ?? randomBytes(32);
      return timingSafeEqual(expected, digest(secret));
    },
  };
}

/** 40 characters of base64url, some 240 bits. None begins with a hyphen: `az login -p` would take it for an option. */
export function newClientSecret(): string {
  const secret = randomBytes(30).toString('base64url');
  return secret.startsWith('-') ? newClientSecret() : secret;
}
