/**
 * Two small resource types with Azure's mechanics and none of its rules, so that tests of the server say what they test:
 * `Microsoft.Network/things` (planned, with `parts` as children, may refer to another thing) and `…/notes` (not planned).
 */
import type { Issue, JsonObject, Resource, ResourceRules } from '@sallyport/model';
import { childEnvelopeOf } from './fixture-child.ts';

export const thingType = 'Microsoft.Network/things';
export const noteType = 'Microsoft.Network/notes';

export const fixtureRules: readonly ResourceRules[] = [fixtureType(thingType, true), fixtureType(noteType, false)];

function fixtureType(type: string, isPlanned: boolean): ResourceRules {
  return {
    type,
    isPlanned,
    children: isPlanned ? [{ segment: 'parts', type: `${type}/parts` }] : [],
    parse: (body) => {
      const read = body as { location?: string; tags?: Record<string, string>; properties?: JsonObject };
      const { secret, ...properties } = read.properties ?? {};
      if (properties['colour'] === 'impossible') return { ok: false, issues: [issue('InvalidRequestFormat', 'Cannot parse the request.')] };
      const secrets: Record<string, string> = typeof secret === 'string' ? { sharedKey: secret } : {};
      return { ok: true, location: read.location, tags: read.tags ?? {}, top: {}, properties, secrets };
    },
    validate: (candidate) =>
      candidate.properties['colour'] === 'forbidden' ? [issue('ColourForbidden', 'That colour is forbidden.')] : [],
    allocate: (_candidate, existing, { newGuid }) => ({ resourceGuid: existing?.allocated['resourceGuid'] ?? newGuid() }),
    validateDelete: (existing, { lookup }) =>
      lookup.referencing(existing.id).length > 0 ? [issue('InUse', `${existing.id} is in use.`)] : [],
    references: ({ properties }) => (typeof properties['uses'] === 'string' ? [properties['uses']] : []),
    view: (resource) => view(resource),
  };
}

function issue(code: string, message: string): Issue {
  return { severity: 'error', code, message };
}

function view(resource: Resource): JsonObject {
  const { id, name, type, location, tags, etag, properties, allocated, provisioningState } = resource;
  const parts = Array.isArray(properties['parts']) ? properties['parts'].map((part) => childEnvelopeOf(resource, 'parts', part)) : [];
  return { id, name, type, location, tags, etag, properties: { provisioningState, ...properties, ...allocated, parts } };
}
