/**
 * Secrets the service makes when the user gave none: the shared key of a new site-to-site or VNet-to-VNet connection.
 * Source: https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq (pre-shared key "automatically generated").
 */
import { randomInt } from 'node:crypto';
import type { Resource } from '@sallyport/model';
import { secretId } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';

const keyCharacters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const keyLength = 32;
const keyedConnections: ReadonlySet<unknown> = new Set(['IPsec', 'Vnet2Vnet']);

export function generatedSecrets(context: ArmContext, resource: Resource): Readonly<Record<string, string>> {
  const needsKey = resource.type === 'Microsoft.Network/connections' && keyedConnections.has(resource.properties['connectionType']);
  if (!needsKey || context.store.get('secret', secretId(resource.id, 'sharedKey')) !== undefined) return {};
  return { sharedKey: newSharedKey(keyLength) };
}

/** Letters and digits: allowed everywhere, and no device's configuration language needs quotes for them. */
export function newSharedKey(length: number): string {
  return Array.from({ length }, () => keyCharacters.charAt(randomInt(keyCharacters.length))).join('');
}
