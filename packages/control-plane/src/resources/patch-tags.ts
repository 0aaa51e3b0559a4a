/** PATCH: replaces the tags of a resource, at once. Azure changes nothing else by PATCH on these types. */
import * as z from 'zod';
import { armErrors, resourceKey, tagIssues, errorOfIssues } from '@sallyport/model';
import type { Resource } from '@sallyport/model';
import { asyncNotification } from '../arm/async-headers.ts';
import type { ArmContext } from '../arm/context.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import { ArmFailure, jsonBody } from '../arm/message.ts';
import type { PathParameters } from '../arm/router.ts';
import { putRecord } from '../store/records.ts';
import { checkEtags } from './preconditions.ts';
import { refuseWhileDeleting, requireExisting, requireTarget } from './target.ts';
import { viewResource } from './view.ts';
import { newEtag } from './write.ts';

const tagsBody = z.looseObject({ tags: z.record(z.string(), z.string()).nullish() });

export async function patchTags(context: ArmContext, request: ArmRequest, path: PathParameters): Promise<ArmResponse> {
  const target = requireTarget(context, request, path);
  refuseWhileDeleting(target.group);
  const existing = requireExisting(target);
  checkEtags(request, existing.etag, existing.id);
  const tags = parseTags(jsonBody(request));
  const changed = await storeTags(context, existing, tags ?? existing.tags);
  return { status: 200, headers: { etag: changed.etag, ...asyncNotification }, body: viewResource(context, changed) };
}

/** The body's tags, undefined when it names none. @throws ArmFailure */
export function parseTags(body: unknown): Readonly<Record<string, string>> | undefined {
  const parsed = tagsBody.safeParse(body);
  if (!parsed.success) {
    const reasons = parsed.error.issues.map((issue) => `${issue.message} Path '${issue.path.join('.')}'.`);
    throw new ArmFailure(armErrors.invalidRequestFormat(reasons));
  }
  const { tags } = parsed.data;
  const refused = errorOfIssues(tagIssues(tags ?? {}));
  if (refused !== undefined) throw new ArmFailure(refused);
  return tags ?? undefined;
}

export async function storeTags(context: ArmContext, existing: Resource, tags: Readonly<Record<string, string>>): Promise<Resource> {
  const changed: Resource = { ...existing, tags, etag: newEtag(context), changedAt: new Date(context.clock.now()).toISOString() };
  await context.store.commit([putRecord('resource', resourceKey(existing.id), changed)]);
  return changed;
}
