/** Values of the template and of the place it is deployed to: `parameters`, `variables`, `copyIndex`, `resourceGroup`… */
import type { JsonObject } from '@sallyport/model';
import type { Scope } from '../expression/scope.ts';
import { TemplateError } from '../template-error.ts';
import type { Arguments, FunctionTable, TemplateFunction } from './function.ts';

function fact(pick: (facts: Scope['facts']) => JsonObject): TemplateFunction {
  return { arity: [0, 0], call: (_, scope) => pick(scope.facts) };
}

function copyIndex(args: Arguments, scope: Scope): number {
  const isNamed = typeof args.any(0) === 'string';
  const loop = isNamed ? args.text(0).toLowerCase() : '';
  const offset = isNamed ? (args.has(1) ? args.integer(1) : 0) : args.has(0) ? args.integer(0) : 0;
  const index = scope.loops.get(loop);
  if (index === undefined)
    throw new TemplateError(
      'InvalidTemplate',
      `The template function 'copyIndex' is not expected at this location. The function can only be used in a resource with copy specified${isNamed ? `, and there is no loop '${loop}' here` : ''}. Please see https://aka.ms/arm-copy for usage details.`,
    );
  return index + offset;
}

export const deploymentFunctions: FunctionTable = {
  parameters: {
    arity: [1, 1],
    call: (args, scope) => {
      const value = scope.parameter(args.text(0));
      if (value !== undefined) return value;
      throw new TemplateError(
        'InvalidTemplate',
        `The template parameter '${args.text(0)}' is not found. Please see https://aka.ms/arm-template/#parameters for usage details.`,
      );
    },
  },
  variables: {
    arity: [1, 1],
    call: (args, scope) => {
      const value = scope.variable(args.text(0));
      if (value !== undefined) return value;
      throw new TemplateError(
        'InvalidTemplate',
        `The template variable '${args.text(0)}' is not found. Please see https://aka.ms/arm-template/#variables for usage details.`,
      );
    },
  },
  copyIndex: { arity: [0, 2], call: copyIndex },
  resourceGroup: fact((facts) => {
    if (facts.resourceGroup !== undefined) return facts.resourceGroup;
    throw new TemplateError(
      'InvalidTemplate',
      "The template function 'resourceGroup' is not expected at this location: the deployment is at subscription scope.",
    );
  }),
  subscription: fact((facts) => facts.subscription),
  tenant: fact((facts) => facts.tenant),
  deployment: fact((facts) => facts.deployment),
  environment: fact((facts) => facts.environment),
};
