/**
 * The shared key of a connection: shown to who asks for it at its own URL, changed by PUT, made anew by reset. Changing it is an
 * update of the connection: hosts apply it, and nothing else of the connection is touched.
 */
import * as z from 'zod';
import type { JsonObject } from '@sallyport/model';
import {
  armErrors,
  cannotSetSharedKey,
  connectionSecrets,
  errorOfIssues,
  keyLengthIssues,
  secretId,
  sharedKeyIssues,
} from '@sallyport/model';
import type { Issue } from '@sallyport/model';
import { asyncHeaders } from '../../arm/async-headers.ts';
import type { ArmContext } from '../../arm/context.ts';
import type { ArmResponse } from '../../arm/message.ts';
import { ArmFailure, jsonBody } from '../../arm/message.ts';
import { getRecord } from '../../store/records.ts';
import { newSharedKey } from '../generated-secrets.ts';
import { checkEtags, checkNoOperation } from '../preconditions.ts';
import { refuseWhileDeleting } from '../target.ts';
import { commitResource, newEtag, writeBody } from '../write.ts';
import type { Action, ActionCall } from './action.ts';
import { accepted } from './action.ts';

const keyBody = z.looseObject({ value: z.string() });
const resetBody = z.looseObject({ keyLength: z.number() });

export const sharedKeyActions: readonly Action[] = [
  { method: 'GET', type: 'connections', path: 'sharedkey', answer: get },
  { method: 'PUT', type: 'connections', path: 'sharedkey', answer: put },
  { method: 'POST', type: 'connections', path: 'sharedkey/reset', answer: reset },
];

/** VGW-KEY-005. */
function get({ context, existing }: ActionCall): ArmResponse {
  return {
    status: 200,
    body: keyView(currentKey(context, existing.id) ?? ''),
  };
}

function currentKey({ store }: ArmContext, connectionId: string): string | undefined {
  return getRecord(store, 'secret', secretId(connectionId, connectionSecrets.sharedKey))?.value;
}

function keyView(value: string): JsonObject {
  return { id: '', value };
}

/** VGW-KEY-006. */
async function put(call: ActionCall): Promise<ArmResponse> {
  const { context, request, target, existing } = call;
  refuseWhileDeleting(target.group);
  refuseExpressRoute(call);
  checkEtags(request, existing.etag, existing.id);
  const parsed = keyBody.safeParse(jsonBody(request));
  if (!parsed.success) throw invalidBody(parsed.error, 'value');
  refuseIssues(sharedKeyIssues(parsed.data.value, 'value'));
  const { location, tags, top, properties } = existing;
  const body = { location, tags, ...top, properties: { ...properties, sharedKey: parsed.data.value } };
  const { operation } = await writeBody(context, request, target, body);
  return {
    status: 200,
    headers: operation === undefined ? {} : asyncHeaders(request, operation, context.settings.retryAfterSeconds, ['status']),
    body: keyView(parsed.data.value),
    ...(operation === undefined ? {} : { operationId: operation.id }),
  };
}

/** VGW-KEY-007. */
async function reset(call: ActionCall): Promise<ArmResponse> {
  const { context, request, target, existing } = call;
  refuseWhileDeleting(target.group);
  refuseExpressRoute(call);
  const parsed = resetBody.safeParse(jsonBody(request));
  if (!parsed.success) throw invalidBody(parsed.error, 'keyLength');
  const { keyLength } = parsed.data;
  refuseIssues(keyLengthIssues(keyLength, 'keyLength'));
  checkNoOperation(context, request, existing);
  const written = await commitResource(
    context,
    request,
    target,
    { ...existing, etag: newEtag(context) },
    {
      secrets: { [connectionSecrets.sharedKey]: newSharedKey(keyLength, currentKey(context, existing.id)) },
      verb: 'ResetSharedKey',
      result: { type: 'value', value: { keyLength } },
    },
  );
  return accepted(context, request, written.operation, ['status', 'result']);
}

function refuseIssues(issues: readonly Issue[]): void {
  const refused = errorOfIssues(issues);
  if (refused !== undefined) throw new ArmFailure(refused);
}

function refuseExpressRoute({ existing }: ActionCall): void {
  if (existing.properties['connectionType'] === 'ExpressRoute') refuseIssues([cannotSetSharedKey(existing.id)]);
}

export function invalidBody(error: z.ZodError, path: string): ArmFailure {
  return new ArmFailure(
    armErrors.invalidRequestFormat(error.issues.map((issue) => `${issue.message}. Path '${issue.path.join('.') || path}'.`)),
  );
}
