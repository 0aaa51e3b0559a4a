/** What an operator must know while a shared key is rotated: that the device still has the old one, and when that ends. */
import type { Resource } from '@sallyport/model';
import { connectionSecrets, secretId } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import { getRecord } from '../store/records.ts';
import type { Condition } from './conditions.ts';

export function rotationConditions(context: ArmContext, connection: Resource): readonly Condition[] {
  const previous = getRecord(context.store, 'secret', secretId(connection.id, connectionSecrets.sharedKey))?.previous;
  if (previous === undefined) return [];
  const isOnOldKey = context.live
    .connection(connection.id)
    .some(({ status, sharedKeyVersion }) => status === 'Connected' && sharedKeyVersion === previous.version);
  if (!isOnOldKey) return [];
  return [
    {
      code: 'OldKeyInUse',
      severity: 'warning',
      title: 'A key rotation is under way',
      text: `connection ${connection.name} stands on its old shared key, which is refused from ${previous.acceptedUntil} on: give the device the new one before`,
      resource: connection.id,
    },
  ];
}
