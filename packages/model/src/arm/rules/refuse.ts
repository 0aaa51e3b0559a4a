/** How a rule says no: an error that names the rule. Codes and texts are Azure's where known; arm/parity.ts says which are ours. */
import type { Issue } from '../../issue.ts';

/** `rule` is an id of arm/parity.ts, `target` the ARM property path. */
export function refuse(rule: string, code: string, message: string, target?: string, status?: Issue['status']): Issue {
  return {
    severity: 'error',
    rule,
    code,
    message,
    ...(target === undefined ? {} : { target }),
    ...(status === undefined ? {} : { status }),
  };
}

/** A referenced resource that is not there, or not in the same region. */
export function missingReference(referenced: string, by: string, target?: string): Issue {
  return refuse(
    'ARM-REF-001',
    'InvalidResourceReference',
    `Resource ${referenced} referenced by resource ${by} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.`,
    target,
  );
}

/** The issues of those that apply: `when(condition, () => issue)` in a list. */
export function when(condition: boolean, issue: () => Issue): readonly Issue[] {
  return condition ? [issue()] : [];
}
