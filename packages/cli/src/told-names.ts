/** What `status` calls resources: by name, after their resource group where another one has the same name. Not for programs: they read ids. */
import { resourceKey, resourceName } from '@sallyport/model';

/** @param ids all that are told of. @param nameOf the short name of one. */
export function toldNames(ids: readonly string[], nameOf: (id: string) => string = resourceName): (id: string) => string {
  const different = new Map(ids.map((id) => [resourceKey(id), nameOf(id).toLowerCase()]));
  const counts = Map.groupBy(different.values(), (name) => name);
  return (id) => {
    const group = /\/resourcegroups\/([^/]+)/i.exec(id)?.[1];
    const name = nameOf(id);
    return group !== undefined && (counts.get(name.toLowerCase())?.length ?? 0) > 1 ? `${group}/${name}` : name;
  };
}
