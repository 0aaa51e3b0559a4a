/** Names of children within one parent. */
import type { Issue } from '../../issue.ts';
import { nameIssues } from './common.ts';
import { refuse, when } from './refuse.ts';

/** Well-formed and unique without case. `segment` is the collection: `subnets`. */
export function childNameIssues(parentId: string, segment: string, names: readonly string[]): readonly Issue[] {
  const first = new Map(names.map((name, index) => [name.toLowerCase(), index] as const).toReversed());
  return names.flatMap((name, index) => [
    ...nameIssues(name, `properties.${segment}[${index}].name`),
    ...when((first.get(name.toLowerCase()) ?? index) < index, () =>
      refuse(
        'ARM-NAME-002',
        'DuplicateResourceName',
        `Resource ${parentId}/${segment}/ has two child resources with the same name (${name}).`,
        `properties.${segment}[${index}].name`,
      ),
    ),
  ]);
}
