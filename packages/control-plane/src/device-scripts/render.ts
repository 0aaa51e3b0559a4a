/** A device's script, whole. */
import { namesOf } from './algorithms.ts';
import type { DeviceScriptFacts } from './facts.ts';
import type { DeviceFamily } from './family.ts';

/** The text ends with a line feed and holds the shared key. @throws Error when the facts' proposals are not the family's (a bug of the caller). */
export function renderDeviceScript({ language }: Pick<DeviceFamily, 'language'>, facts: DeviceScriptFacts): string {
  return language.render(facts, namesOf(language.algorithms(facts.ikeVersion), facts));
}
