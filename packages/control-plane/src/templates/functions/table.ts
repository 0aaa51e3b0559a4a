/** All template functions by lower-case name. https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions */
import { addressFunctions } from './addresses.ts';
import { collectionFunctions } from './collections.ts';
import { dateFunctions } from './dates.ts';
import { deploymentFunctions } from './deployment-values.ts';
import type { TemplateFunction } from './function.ts';
import { lambdaFunctions } from './lambdas.ts';
import { logicFunctions } from './logic.ts';
import { numberFunctions } from './numbers.ts';
import { reading, resourceFunctions } from './resources.ts';
import { textFunctions } from './text.ts';

const tables = [
  addressFunctions,
  collectionFunctions,
  dateFunctions,
  deploymentFunctions,
  lambdaFunctions,
  logicFunctions,
  numberFunctions,
  resourceFunctions,
  textFunctions,
];

const functions: ReadonlyMap<string, TemplateFunction> = new Map(
  tables.flatMap((table) => Object.entries(table).map(([name, definition]) => [name.toLowerCase(), definition])),
);

/** By name without case. Every `list…` name is an action of a resource: `listKeys`, `listCallbackUrl`… */
export function findFunction(name: string): TemplateFunction | undefined {
  return functions.get(name.toLowerCase()) ?? (/^list[a-z]+$/i.test(name) ? reading(name) : undefined);
}
