/** Names of children within one parent. */
import type { Issue } from '../../issue.ts';
import { nameIssues } from './common.ts';
import { refuse, when } from './refuse.ts';

/** Well-formed and unique without case. `segment` is the collection: `subnets`. */
export function childNameIssues(parentId: string, segment: string, names: readonly string[]): readonly Issue[] {
  const keys = names.map((name) => name.toLowerCase());
  return names.flatMap((name, index) => [
    ...nameIssues(name, `properties.${segment}[${index}].name`),
    ...when(keys.indexOf(name.toLowerCase()) < index, () =>
      refuse(
        'ARM-NAME-002',
        'DuplicateResourceName',
        `Resource ${parentId}/${segment}/ has two child resources with the same name (${name}).`,
        `properties.${segment}[${index}].name`,
      ),
    ),
  ]);
}
