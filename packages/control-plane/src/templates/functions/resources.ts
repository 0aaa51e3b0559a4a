/**
 * Resource ids, and readings of deployed resources (`reference`, `list*`).
 * https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-resource
 */
import type { JsonValue } from '@sallyport/model';
import type { Scope } from '../expression/scope.ts';
import { TemplateError } from '../template-error.ts';
import type { Arguments, FunctionTable, TemplateFunction } from './function.ts';

/** `/providers/Ns/a/x/b/y` from `Ns/a/b`, `x`, `y`. */
export function providerPath(type: string, names: readonly string[]): string | undefined {
  const [namespace, ...types] = type.split('/');
  if (namespace === undefined || types.length === 0 || types.length !== names.length) return undefined;
  return `/providers/${namespace}${types.map((segment, index) => `/${segment}/${names[index] ?? ''}`).join('')}`;
}

/** Index of the first argument that is a type (`Ns/type`); what is before it names the scope. */
function split(args: Arguments): { readonly before: readonly string[]; readonly path: string } {
  const texts = args.all.map((_, index) => args.text(index));
  const at = texts.findIndex((text) => text.includes('/'));
  const names = texts.slice(at + 1);
  const path = providerPath(texts[at] ?? '', names);
  if (at < 0 || path === undefined)
    return args.fail(
      `the type '${texts[at] ?? ''}' requires '${Math.max(0, (texts[at] ?? '').split('/').length - 1)}' resource name argument(s) and '${names.length}' were given. Please see https://aka.ms/arm-resource-functions/#resourceid for usage details.`,
    );
  return { before: texts.slice(0, at), path };
}

function resourceId(args: Arguments, scope: Scope): string {
  const { before, path } = split(args);
  const own = scope.facts.resourceGroup;
  const group = before.at(-1) ?? (typeof own?.['name'] === 'string' ? own['name'] : undefined);
  const subscription = before.length > 1 ? (before[0] ?? '') : scope.facts.subscriptionId;
  // At subscription scope resourceId() without a group names a subscription-level resource.
  if (own === undefined && before.length < 2) return `/subscriptions/${before[0] ?? subscription}${path}`;
  return `/subscriptions/${subscription}/resourceGroups/${group ?? ''}${path}`;
}

function extensionResourceId(args: Arguments): string {
  const scope = args.text(0).replace(/\/$/, '');
  const names = args.all.slice(2).map((_, index) => args.text(index + 2));
  const path = providerPath(args.text(1), names);
  return path === undefined ? args.fail(`the type '${args.text(1)}' and ${names.length} names do not go together.`) : `${scope}${path}`;
}

/** Zones of a public region. This service has hosts in zones of the operator's choice; all three exist by name. */
function pickZones(args: Arguments): readonly string[] {
  const count = args.has(3) ? args.integer(3) : 1;
  const offset = args.has(4) ? args.integer(4) : 0;
  if (count < 1 || count > 3 || offset < 0 || offset > 2) args.fail('the number of zones must be 1 to 3, the offset 0 to 2.');
  return ['1', '2', '3'].slice(offset, offset + count);
}

function read(args: Arguments, scope: Scope, verb: string): JsonValue {
  if (scope.read === undefined)
    throw new TemplateError(
      'InvalidTemplate',
      `The template function '${verb}' is not expected at this location. Please see https://aka.ms/arm-functions for usage details.`,
    );
  // references('loop', 'Full') has no api-version; reference() has it before 'Full'; actions have it before their body.
  const isCollection = verb === 'references';
  const isReference = isCollection || verb === 'reference';
  const fullAt = isCollection ? 1 : 2;
  return scope.read({
    verb,
    target: args.text(0),
    apiVersion: !isCollection && args.has(1) && args.any(1) !== null ? args.text(1) : undefined,
    isFull: isReference && args.has(fullAt) && args.text(fullAt).toLowerCase() === 'full',
    body: isReference ? undefined : args.all[2],
  });
}

export function reading(verb: string): TemplateFunction {
  return { arity: [1, 3], call: (args, scope) => read(args, scope, verb) };
}

export const resourceFunctions: FunctionTable = {
  resourceId: { arity: [2, Infinity], call: resourceId },
  subscriptionResourceId: {
    arity: [2, Infinity],
    call: (args, scope) => {
      const { before, path } = split(args);
      return `/subscriptions/${before[0] ?? scope.facts.subscriptionId}${path}`;
    },
  },
  tenantResourceId: { arity: [2, Infinity], call: (args) => split(args).path },
  extensionResourceId: { arity: [3, Infinity], call: extensionResourceId },
  pickZones: { arity: [3, 5], call: pickZones },
  reference: reading('reference'),
  references: reading('references'),
};
