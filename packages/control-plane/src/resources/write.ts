/**
 * The one way a resource gets written: rules, allocation, then resource, secrets and operation in one commit. PUT of a
 * resource, PUT and DELETE of a child, and key changes all end here. Fails before anything is stored.
 */
import type { ParsedBody, Resource } from '@sallyport/model';
import { armErrors, errorOfIssues, resourceKey, secretId } from '@sallyport/model';
import type { ArmContext } from '../arm/context.ts';
import type { ArmRequest } from '../arm/message.ts';
import { ArmFailure, apiVersionOf } from '../arm/message.ts';
import type { OperationStart } from '../operations/operations.ts';
import type { OperationRecord, OperationResult } from '../store/records.ts';
import { getRecord, putRecord } from '../store/records.ts';
import type { Change } from '../store/store.ts';
import { generatedSecrets } from './generated-secrets.ts';
import { rotatedSecret } from './key-rotation.ts';
import { operationName } from './operation-name.ts';
import { checkNoOperation, checkReferences } from './preconditions.ts';
import type { Target } from './target.ts';

export type Written = { readonly resource: Resource; readonly operation: OperationRecord; readonly isNew: boolean };

/** @throws ArmFailure with Azure's error; nothing is stored then. */
export async function writeBody(context: ArmContext, request: ArmRequest, target: Target, body: unknown): Promise<Written> {
  const { rules, existing } = target;
  checkNoOperation(context, request, existing);
  const parsed = rules.parse(body, existing);
  if (!parsed.ok) throw refusal(parsed.issues);
  const location = availableLocation(context, target, parsed.location ?? existing?.location);
  const candidate = candidateOf(context, target, parsed, location);
  const ruleContext = context.ruleContext(location);
  const refused = errorOfIssues(rules.validate(candidate, existing, ruleContext));
  if (refused !== undefined) throw new ArmFailure(refused);
  checkReferences(context, rules, candidate);
  const allocated = rules.allocate(candidate, existing, ruleContext);
  if (isIssue(allocated)) throw refusal([allocated]);
  const secrets = { ...generatedSecrets(context, candidate, parsed.secrets), ...parsed.secrets };
  const merged = { ...candidate, allocated: { ...existing?.allocated, ...allocated } };
  return commitResource(context, request, target, merged, { secrets, verb: 'Put' });
}

/**
 * Stores a resource that was already judged good. Planned types become `Updating` until the hosts have applied it; the operation of
 * others is over when it is answered, but there is one, as with Azure.
 */
export async function commitResource(
  context: ArmContext,
  request: ArmRequest,
  target: Target,
  resource: Resource,
  options: { readonly secrets: Readonly<Record<string, string>>; readonly verb: string; readonly result?: OperationResult },
): Promise<Written> {
  const { rules, existing } = target;
  const stored: Resource = { ...resource, provisioningState: rules.isPlanned ? 'Updating' : 'Succeeded' };
  const revision = context.store.get('resource', resourceKey(stored.id))?.revision ?? 0;
  const start: OperationStart = {
    subscriptionId: target.subscriptionId,
    location: stored.location,
    name: operationName(options.verb, rules.type),
    resource: stored.id,
    intent: 'put',
    apiVersion: apiVersionOf(request),
    correlationId: request.correlationId,
    result: options.result ?? { type: 'resource', id: stored.id },
  };
  const begun = rules.isPlanned ? context.operations.begin(start) : context.operations.beginEnded(start);
  await context.store.commit([
    putRecord('resource', resourceKey(stored.id), stored, revision),
    ...secretChanges(context, stored, options.secrets),
    begun.change,
  ]);
  context.log.info({ resource: stored.id, correlationId: request.correlationId, isNew: existing === undefined }, 'resource stored');
  return { resource: stored, operation: begun.operation, isNew: existing === undefined };
}

function candidateOf(context: ArmContext, target: Target, parsed: ParsedBody, location: string): Resource {
  const { rules, existing, id } = target;
  const now = new Date(context.clock.now()).toISOString();
  return {
    id,
    type: rules.type,
    name: id.slice(id.lastIndexOf('/') + 1),
    location,
    tags: parsed.tags,
    top: parsed.top,
    properties: parsed.properties,
    allocated: existing?.allocated ?? {},
    etag: newEtag(context),
    provisioningState: existing?.provisioningState ?? 'Succeeded',
    createdAt: existing?.createdAt ?? now,
    changedAt: now,
  };
}

export function newEtag(context: ArmContext): string {
  return `W/"${context.ids.guid()}"`;
}

/** A value that did not change keeps its version, so that no host does anything about it. */
function secretChanges(context: ArmContext, resource: Resource, secrets: Readonly<Record<string, string>>): readonly Change[] {
  return Object.entries(secrets).flatMap(([name, value]) => {
    const key = secretId(resource.id, name);
    const known = getRecord(context.store, 'secret', key);
    return known?.value === value ? [] : [putRecord('secret', key, rotatedSecret(context, resource, name, known, value))];
  });
}

function availableLocation(context: ArmContext, target: Target, location: string | undefined): string {
  if (location === undefined || location === '') throw new ArmFailure(armErrors.locationRequired());
  const known = context.settings.locations.map(({ name }) => name);
  const isMoved = target.existing !== undefined && target.existing.location !== location; // the type's rules refuse that
  if (!isMoved && !known.includes(location)) throw new ArmFailure(armErrors.locationNotAvailable(location, target.rules.type, known));
  return location;
}

function refusal(issues: Parameters<typeof errorOfIssues>[0]): ArmFailure {
  return new ArmFailure(errorOfIssues(issues) ?? armErrors.invalidRequestContent('refused without a reason'));
}

function isIssue(value: object): value is Parameters<typeof errorOfIssues>[0][number] {
  return 'severity' in value && 'code' in value && 'message' in value;
}
