/**
 * Secrets the service makes when the user gave none: the shared key of a new site-to-site or VNet-to-VNet connection.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq (pre-shared key "automatically generated").
 */
import { randomInt } from 'node:crypto';
import type { Resource } from '@sallyport/model';
import { connectionSecrets, isSharedKeyMissing, secretId, sharedKeyAlphabet } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { getRecord } from '../store/records.ts';

const keyLength = 32;

export function generatedSecrets(
  context: ArmContext,
  resource: Resource,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (resource.type !== 'Microsoft.Network/connections') return {};
  const stored = getRecord(context.store, 'secret', secretId(resource.id, connectionSecrets.sharedKey));
  const known = stored === undefined ? {} : { [connectionSecrets.sharedKey]: stored.value };
  return isSharedKeyMissing(resource, { ...known, ...given }) ? { [connectionSecrets.sharedKey]: newSharedKey(keyLength) } : {};
}

/** A key of `length` characters (1 to 128) that is not `current`: a reset always changes the key, also a key of one character. */
export function newSharedKey(length: number, current?: string): string {
  const key = Array.from({ length }, () => sharedKeyAlphabet.charAt(randomInt(sharedKeyAlphabet.length))).join('');
  return key === current ? newSharedKey(length, current) : key;
}
