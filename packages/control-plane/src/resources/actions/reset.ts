/**
 * Resets: the IKE SAs of a connection, or of all connections of a gateway, start anew. A reset is a higher `resetEpoch` in the
 * plan, so it survives a crash between request and host, and is done once.
 */
import type { ArmResponse } from '../../arm/message.ts';
import { checkNoOperation } from '../preconditions.ts';
import { refuseWhileDeleting } from '../target.ts';
import { commitResource, newEtag } from '../write.ts';
import type { Action, ActionCall } from './action.ts';
import { accepted } from './action.ts';

export const resetActions: readonly Action[] = [
  { method: 'POST', type: 'connections', path: 'resetconnection', answer: reset },
  // `gatewayVip` would pick one instance; with one instance in the plan, both choices are the same.
  { method: 'POST', type: 'virtualNetworkGateways', path: 'reset', answer: reset },
];

async function reset({ context, request, target, existing }: ActionCall): Promise<ArmResponse> {
  refuseWhileDeleting(target.group);
  checkNoOperation(context, request, existing);
  const epoch = existing.allocated['resetEpoch'];
  const allocated = { ...existing.allocated, resetEpoch: (typeof epoch === 'number' ? epoch : 0) + 1 };
  const isGateway = existing.type.endsWith('/virtualNetworkGateways');
  const written = await commitResource(
    context,
    request,
    target,
    { ...existing, allocated, etag: newEtag(context) },
    { secrets: {}, verb: 'Reset', ...(isGateway ? {} : { result: { type: 'none' } }) },
  );
  return accepted(context, request, written.operation, ['status', 'result']);
}
