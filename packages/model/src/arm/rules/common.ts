/**
 * Rules of every resource: name, tags, location.
 * Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsoftnetwork,
 * https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
 */
import type { Issue } from '../../issue.ts';
import type { Resource } from '../resource.ts';
import { parseResourceId } from '../resource-id.ts';
import { bandwidthIssues } from './bandwidth.ts';
import { keyRotationIssues } from './key-rotation.ts';
import { refuse, when } from './refuse.ts';

const maximumTags = 50;
const maximumTagName = 512;
const maximumTagValue = 256;
/** Up to 80 characters; begins with a letter or digit, ends with one or with an underscore. */
const namePattern = /^[a-z0-9]([a-z0-9_.-]{0,78}[a-z0-9_])?$/i;

export function isResourceName(name: string): boolean {
  return namePattern.test(name);
}

export function commonIssues(candidate: Resource, existing: Resource | undefined): readonly Issue[] {
  return [...nameIssues(candidate.name, 'name'), ...tagIssues(candidate.tags), ...locationIssues(candidate, existing)];
}

export function nameIssues(name: string, target: string): readonly Issue[] {
  return when(!isResourceName(name), () =>
    refuse(
      'ARM-NAME-001',
      'InvalidResourceName',
      `Resource name ${name} is invalid. The name can be up to 80 characters long. It must begin with a word character, and it must end with a word character or with '_'. The name may contain word characters or '.', '-', '_'.`,
      target,
    ),
  );
}

export function tagIssues(tags: Readonly<Record<string, string>>): readonly Issue[] {
  const names = Object.keys(tags);
  const seen = new Set<string>();
  return [
    ...when(names.length > maximumTags, () =>
      refuse(
        'ARM-TAG-001',
        'TooManyTags',
        `The tag count '${names.length}' exceeds the maximum of '${maximumTags}' tags of a resource.`,
        'tags',
      ),
    ),
    ...names.flatMap((name) => [
      ...when(name === '' || name.length > maximumTagName || /[<>%&\\?/]/.test(name), () =>
        refuse(
          'ARM-TAG-002',
          'InvalidTagName',
          `The tag name '${name.slice(0, 64)}' is invalid. It has 1 to ${maximumTagName} characters and none of '<,>,%,&,\\,?,/'.`,
          'tags',
        ),
      ),
      ...when((tags[name] ?? '').length > maximumTagValue, () =>
        refuse(
          'ARM-TAG-003',
          'InvalidTagValueLength',
          `The value of the tag '${name}' is longer than the maximum of ${maximumTagValue} characters.`,
          'tags',
        ),
      ),
      ...when(isRepeated(seen, name.toLowerCase()), () =>
        refuse('ARM-TAG-004', 'DuplicateTagName', `The tag name '${name}' is given twice; tag names are not case-sensitive.`, 'tags'),
      ),
    ]),
    ...keyRotationIssues(tags),
    ...bandwidthIssues(tags),
  ];
}

function isRepeated(seen: Set<string>, key: string): boolean {
  const isKnown = seen.has(key);
  seen.add(key);
  return isKnown;
}

function locationIssues(candidate: Resource, existing: Resource | undefined): readonly Issue[] {
  return when(existing !== undefined && existing.location !== candidate.location, () =>
    refuse(
      'ARM-LOC-002',
      'InvalidResourceLocation',
      `The resource '${candidate.name}' already exists in location '${existing?.location ?? ''}' in resource group '${parseResourceId(candidate.id)?.resourceGroup ?? ''}'. A resource with the same name cannot be created in location '${candidate.location}'. Please select a new resource name.`,
      'location',
      409,
    ),
  );
}
