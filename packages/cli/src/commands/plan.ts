/** `sallyport plan`: what hosts would be told to do for some resources, and why not for others. Offline: no control plane, no host. */
import { existsSync, readFileSync } from 'node:fs';
import { LabError, loadScenario, scenarioNames } from '@sallyport/lab';
import { allResourceRules } from '@sallyport/model';
import type { Issue } from '@sallyport/model';
import {
  offlineInventory,
  offlinePublicAddressPools,
  plan,
  printDiff,
  printIssues,
  printReport,
  printResult,
  resourcesFromArm,
} from '@sallyport/planner';
import type { ArmPut, PlanResult } from '@sallyport/planner';
import type { Command } from '../command.ts';
import { UsageError, parseOptions, print, printJson, reasonOf } from '../command.ts';

export const planCommand: Command = {
  summary: 'offline: what hosts would do for a scenario or files, and why',
  help: `
Usage: sallyport plan WHAT [CHANGED] [--json]

WHAT and CHANGED are scenarios (lab/scenarios) or files like their resources.json: [{"put": PATH, "body": {…}}, …].
With one, prints the plan and the report: what is planned, and for what is not, why. With two, prints what changes on
the hosts from the first to the second, and the second's report. Exit code 1 when the API would refuse a resource.

Options:
  --json   {plan, report, issues, refused}`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, { json: { type: 'boolean' } });
    const [first, second, ...more] = positionals;
    if (first === undefined || more.length > 0)
      throw new UsageError(`plan needs one or two of: a file, or a scenario (${scenarioNames().join(', ')})`);
    const before = planOf(first, undefined);
    const after = second === undefined ? before : planOf(second, before.result);
    const refused = after === before ? before.refused : [...before.refused, ...after.refused];
    if (values.json === true) printJson({ ...after.result, refused });
    else printText(before.result, after === before ? undefined : after.result, refused);
    return refused.length === 0 ? 0 : 1;
  },
};

/** In place of the placeholder of scenarios. */
const subscriptionId = '11111111-1111-1111-1111-111111111111';

function planOf(what: string, previous: PlanResult | undefined): { readonly result: PlanResult; readonly refused: readonly Issue[] } {
  const { resources, secretVersions, issues } = resourcesFromArm(readPuts(what), {
    rules: allResourceRules,
    publicAddressPools: offlinePublicAddressPools,
    subscriptionId,
  });
  return { result: plan({ resources, secretVersions, previous: previous?.plan, inventory: offlineInventory(resources) }), refused: issues };
}

function readPuts(what: string): readonly ArmPut[] {
  if (!existsSync(what)) return loadScenario(what, subscriptionId).resources;
  const parsed = parseFile(what);
  const isPut = (element: unknown): element is ArmPut =>
    typeof element === 'object' && element !== null && 'put' in element && 'body' in element;
  if (!Array.isArray(parsed) || !parsed.every(isPut)) throw new LabError(`${what} must be a list of {"put": PATH, "body": {…}}`);
  return parsed;
}

function parseFile(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new LabError(`${file} can't be read: ${reasonOf(error)}`, { cause: error });
  }
}

function printText(before: PlanResult, after: PlanResult | undefined, refused: readonly Issue[]): void {
  print(
    (after === undefined
      ? printResult(before)
      : [printDiff(before.plan, after.plan), printReport(after.report), printIssues(after.issues)].join('\n')
    ).trimEnd(),
  );
  const sentences = refused.map(
    ({ code, message, details = [] }) => `  ${[message, ...details.map((detail) => detail.message)].join(' ')} [${code}]`,
  );
  if (refused.length > 0) print(`\nrefused by the API:\n${sentences.join('\n')}`);
}
