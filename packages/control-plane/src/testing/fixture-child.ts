/** A child of a fixture resource as a GET shows it. */
import type { JsonObject, JsonValue, Resource } from '@sallyport/model';

export function childEnvelopeOf(parent: Resource, segment: string, child: JsonValue): JsonObject {
  const { name, properties } = child as { readonly name: string; readonly properties?: JsonObject };
  return {
    id: `${parent.id}/${segment}/${name}`,
    name,
    type: `${parent.type}/${segment}`,
    etag: parent.etag,
    properties: { provisioningState: parent.provisioningState, ...properties },
  };
}
