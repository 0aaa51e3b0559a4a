/** What must hold before a write is looked at: etag headers, no operation under way, references that are ready. */
import type { Resource, ResourceRules } from '@sallyport/model';
import { armErrors, isSameResource, parentId, parseResourceId } from '@sallyport/model';
import { operationUrl } from '../arm/async-headers.ts';
import type { ArmContext } from '../arm/context.ts';
import type { ArmRequest } from '../arm/message.ts';
import { ArmFailure } from '../arm/message.ts';
import { operationName } from './operation-name.ts';

/** RFC 9110 §13.1. Weak and strong forms of an etag are taken as equal, as Azure does. @throws ArmFailure 412 */
export function checkEtags(request: ArmRequest, current: string | undefined, id: string): void {
  const ifMatch = request.headers.get('if-match');
  if (ifMatch !== undefined && ifMatch !== '') {
    const isMatch = current !== undefined && (ifMatch === '*' || tagsOf(ifMatch).includes(bare(current)));
    if (!isMatch) throw new ArmFailure(armErrors.preconditionFailed(ifMatch, current ?? 'none'));
  }
  const ifNoneMatch = request.headers.get('if-none-match');
  if (ifNoneMatch !== undefined && current !== undefined && (ifNoneMatch.trim() === '*' || tagsOf(ifNoneMatch).includes(bare(current))))
    throw new ArmFailure(armErrors.resourceAlreadyExists(id));
}

/** @throws ArmFailure 429 AnotherOperationInProgress */
export function checkNoOperation(context: ArmContext, request: ArmRequest, existing: Resource | undefined): void {
  if (existing === undefined) return;
  const active = context.operations.activeOn(existing.id);
  if (active !== undefined) throw new ArmFailure(armErrors.anotherOperationInProgress(operationUrl(request, active, 'operations')));
}

/** A host would build on something that may yet fail. @throws ArmFailure 429 RetryableError */
export function checkReferences(context: ArmContext, rules: ResourceRules, candidate: Resource): void {
  for (const reference of rules.references(candidate)) {
    const referenced = topLevel(context, reference);
    if (referenced === undefined || isSameResource(referenced.id, candidate.id) || referenced.provisioningState === 'Succeeded') continue;
    const { provisioningState, type } = referenced;
    throw new ArmFailure(
      armErrors.referencedResourceNotProvisioned(referenced.id, candidate.id, provisioningState, operationName('Put', type)),
    );
  }
}

function topLevel(context: ArmContext, id: string): Resource | undefined {
  const parent = (parseResourceId(id)?.types.length ?? 0) > 1 ? parentId(id) : undefined;
  return parent === undefined ? context.resources.get(id) : topLevel(context, parent);
}

function tagsOf(header: string): readonly string[] {
  return header.split(',').map((tag) => bare(tag.trim()));
}

function bare(etag: string): string {
  return etag.replace(/^W\//, '');
}
