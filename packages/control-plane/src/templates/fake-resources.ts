/**
 * Resources for tests of deployments: a small model of what the ARM layer does. Stores what is PUT, answers GETs, refuses what
 * it is told to, and notes the order. Parents must exist, as in Azure.
 */
import type { JsonObject, JsonValue } from '@sallyport/model';
import { parentId, resourceKey } from '@sallyport/model';
import { isObject } from './functions/function.ts';
import type { ResourceAnswer, ResourceOperations } from './resource-operations.ts';

export type FakeResources = ResourceOperations & {
  readonly stored: ReadonlyMap<string, JsonObject>;
  /** Last names of ids in the order the PUTs began and ended: `+hq`, `-hq`. */
  readonly trace: readonly string[];
};

export function fakeResources(
  options: { readonly refuse?: Readonly<Record<string, ResourceAnswer>>; readonly neverEnds?: string } = {},
): FakeResources {
  const stored = new Map<string, JsonObject>();
  const trace: string[] = [];
  const nameOf = (id: string): string => id.split('/').at(-1) ?? '';
  const missing = (id: string): ResourceAnswer => ({
    status: 404,
    body: { error: { code: 'ResourceNotFound', message: `The Resource '${id}' was not found.` } },
  });
  return {
    stored,
    trace,
    put: async (id, apiVersion, body, signal) => {
      trace.push(`+${nameOf(id)}`);
      const refusal = options.refuse?.[nameOf(id)];
      if (refusal !== undefined) return refusal;
      if (options.neverEnds === nameOf(id))
        return new Promise((resolve) => signal.addEventListener('abort', () => resolve({ status: 499, body: null }), { once: true }));
      const parent = parentId(id);
      if (parent !== undefined && !stored.has(resourceKey(parent)))
        return { status: 404, body: { error: { code: 'ParentResourceNotFound', message: `Parent resource '${parent}' not found.` } } };
      await new Promise<void>((resolve) => setImmediate(resolve)); // a PUT takes its time
      const { sharedKey: _, ...properties } = isObject(body['properties']) ? body['properties'] : {};
      const resource = { id, name: nameOf(id), apiVersion, ...body, properties: { ...properties, provisioningState: 'Succeeded' } };
      stored.set(resourceKey(id), resource);
      trace.push(`-${nameOf(id)}`);
      return { status: 201, body: resource };
    },
    get: (id) => {
      const found: JsonValue | undefined = stored.get(resourceKey(id));
      return Promise.resolve(found === undefined ? missing(id) : { status: 200, body: found });
    },
    post: (id, action) => Promise.resolve({ status: 200, body: { id, action } }),
  };
}
