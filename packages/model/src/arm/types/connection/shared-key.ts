/**
 * Rules of pre-shared keys. Making a key up when none is given is the control plane's, which has the randomness.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq#does-azure-generate-the-same-ipsecike-preshared-key-for-all-my-vpn-connections-for-the-same-virtual-network
 */
import type { Issue } from '../../../issue.ts';
import { refuse, when } from '../../rules/refuse.ts';
import type { ConnectionProperties } from './schema.ts';

/** Names of a connection's stored secrets. */
export const connectionSecrets = { sharedKey: 'sharedKey', authorizationKey: 'authorizationKey' } as const;

export const sharedKeyLength = { minimum: 1, maximum: 128 } as const;
/** Characters a generated key may use: those everybody's devices take without quoting. */
export const sharedKeyAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Printable ASCII except space, hyphen and tilde; 1 to 128 characters. Also for `PUT …/sharedkey` (`target: 'value'`). The key is not in the text. */
export function sharedKeyIssues(key: string, target: string): readonly Issue[] {
  return when(!/^[\x21-\x2c\x2e-\x7d]{1,128}$/.test(key), () =>
    refuse(
      'VGW-KEY-001',
      'InvalidSharedKey',
      'The shared key is invalid. It must contain only printable ASCII characters except space, hyphen (-) or tilde (~), and be between 1 and 128 characters long.',
      target,
    ),
  );
}

/** `POST …/sharedkey/reset`. */
export function keyLengthIssues(length: number, target: string): readonly Issue[] {
  const isFine = Number.isInteger(length) && length >= sharedKeyLength.minimum && length <= sharedKeyLength.maximum;
  return when(!isFine, () =>
    refuse(
      'VGW-KEY-002',
      'InvalidSharedKeyLength',
      `The key length ${length} is invalid. It must be between ${sharedKeyLength.minimum} and ${sharedKeyLength.maximum}.`,
      target,
    ),
  );
}

/**
 * VGW-KEY-004: true when the service must make up a key: a new connection that authenticates by key and came without one. `secrets`
 * are those parsed from the body merged over the stored ones, so a PUT without a key keeps the key there is.
 */
export function isSharedKeyMissing(candidate: { readonly properties: unknown }, secrets: Readonly<Record<string, string>>): boolean {
  // Only called with connections, whose properties the schema has read.
  const { connectionType, authenticationType } = candidate.properties as ConnectionProperties;
  const needsKey = (connectionType === 'IPsec' || connectionType === 'Vnet2Vnet') && authenticationType !== 'Certificate';
  return needsKey && secrets[connectionSecrets.sharedKey] === undefined;
}

/** ExpressRoute connections have no key; Azure says so by name. */
export function cannotSetSharedKey(connectionId: string): Issue {
  return refuse(
    'VGW-KEY-003',
    'CannotSetSharedKeyForExpressRouteConnectionType',
    `Shared Key cannot be set for Connection ${connectionId} of type ExpressRoute.`,
    'properties.sharedKey',
  );
}
