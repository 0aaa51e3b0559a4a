/**
 * The rotation of a shared key: with the tag `sallyport:key-rotation-window` on the connection or its gateway, the key before a
 * change is kept, sealed, until the window ends. Giving both to the host is the planner's, choosing between them the agent's.
 */
import type { Resource } from '@sallyport/model';
import { connectionSecrets, isObject, keyRotationWindowMs } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import type { SecretRecord } from '../store/records.ts';
import { putRecord } from '../store/records.ts';
import type { Change, Store } from '../store/store.ts';

/** A secret with a new value. The key of a change within a window replaces the former of an earlier one: there are never three. */
export function rotatedSecret(
  context: Pick<ArmContext, 'resources' | 'clock'>,
  resource: Resource,
  name: string,
  known: SecretRecord | undefined,
  value: string,
): SecretRecord {
  const version = (known?.version ?? 0) + 1;
  const windowMs = name === connectionSecrets.sharedKey ? windowOf(context, resource) : 0;
  if (known === undefined || windowMs === 0) return { value, version };
  const acceptedUntil = new Date(context.clock.now() + windowMs).toISOString();
  return { value, version, previous: { value: known.value, version: known.version, acceptedUntil } };
}

/** Of the connection itself, else of its gateway; 0 is none. */
function windowOf({ resources }: Pick<ArmContext, 'resources'>, connection: Resource): number {
  const reference = connection.properties['virtualNetworkGateway1'];
  const gatewayId = isObject(reference) && typeof reference['id'] === 'string' ? reference['id'] : '';
  return keyRotationWindowMs(connection.tags) ?? keyRotationWindowMs(resources.get(gatewayId)?.tags ?? {}) ?? 0;
}

/** Changes that erase the former keys whose time is over. */
export function retireKeys(store: Store, nowMs: number): readonly Change[] {
  return store.list('secret').flatMap(({ key, value, revision }) => {
    const { previous, ...current } = value as SecretRecord; // kind says so
    if (previous === undefined || Date.parse(previous.acceptedUntil) > nowMs) return [];
    return [putRecord('secret', key, current, revision)];
  });
}
