/** Copy loops on properties and variables: `"copy": [{ "name", "count", "input" }]`. Loops of whole resources are in expand.ts. */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { isArray, isObject, memberOf } from '../functions/function.ts';
import { TemplateError } from '../template-error.ts';

export type PropertyCopy = { readonly name: string; readonly count: JsonValue; readonly input: JsonValue };

/** Azure's limit: a loop makes 0 to 800 items. */
const maxCopies = 800;

/** The loops of an object; none when its `copy` member is an ordinary property that happens to have the name. */
export function copyLoops(object: JsonObject): readonly PropertyCopy[] {
  const copy = memberOf(object, 'copy');
  if (!isArray(copy) || copy.length === 0) return [];
  const loops = copy.map(propertyCopy);
  return loops.every((loop) => loop !== undefined) ? loops : [];
}

function propertyCopy(entry: JsonValue): PropertyCopy | undefined {
  if (!isObject(entry)) return undefined;
  const [name, count, input] = [memberOf(entry, 'name'), memberOf(entry, 'count'), memberOf(entry, 'input')];
  return typeof name === 'string' && count !== undefined && input !== undefined ? { name, count, input } : undefined;
}

/** @throws TemplateError when the count is no integer from 0 to 800. */
export function copyCount(name: string, count: JsonValue): number {
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= maxCopies) return count;
  throw new TemplateError(
    'InvalidTemplate',
    `The template copy '${name}' is not valid: the count must be an integer from 0 to ${maxCopies}. Please see https://aka.ms/arm-resource-loops for usage details.`,
  );
}
