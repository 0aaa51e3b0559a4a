/**
 * Resets (VGW-OPS-001, VGW-OPS-002): the IKE SAs of a connection, or of all connections of a gateway, start anew. A reset is a higher `resetEpoch` in the
 * plan, so it survives a crash between request and host, and is done once.
 */
import { armErrors, asVirtualNetworkGateway } from '@sallyport/model';
import type { ArmResponse } from '../../arm/message.ts';
import { ArmFailure, queryValue } from '../../arm/message.ts';
import { checkNoOperation } from '../preconditions.ts';
import { refuseWhileDeleting } from '../target.ts';
import { commitResource, newEtag } from '../write.ts';
import type { Action, ActionCall } from './action.ts';
import { accepted } from './action.ts';

export const resetActions: readonly Action[] = [
  { method: 'POST', type: 'connections', path: 'resetconnection', answer: (call) => reset(call, true) },
  { method: 'POST', type: 'virtualNetworkGateways', path: 'reset', answer: (call) => reset(call, holdsTunnels(call)) },
];

/**
 * Which instance is meant: without `gatewayVip` the active one, which has all tunnels. The other one is reset as well, but what it does not
 * have can't start anew.
 * @throws ArmFailure when the address is not one of the gateway's.
 */
function holdsTunnels({ request, existing }: ActionCall): boolean {
  const vip = queryValue(request, 'gatewayVip');
  if (vip === undefined) return true;
  const instances = asVirtualNetworkGateway(existing)?.allocated.instances ?? [];
  const own = instances.find(({ publicIPAddress }) => publicIPAddress === vip);
  if (own === undefined) throw new ArmFailure(armErrors.invalidParameter('gatewayVip', vip));
  return own.role === 'IN_0';
}

async function reset({ context, request, target, existing }: ActionCall, startsAnew: boolean): Promise<ArmResponse> {
  refuseWhileDeleting(target.group);
  checkNoOperation(context, request, existing);
  const epoch = existing.allocated['resetEpoch'];
  const allocated = { ...existing.allocated, resetEpoch: (typeof epoch === 'number' ? epoch : 0) + (startsAnew ? 1 : 0) };
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
