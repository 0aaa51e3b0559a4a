/** Makes the scope in which a template's expressions are evaluated: parameters bound, variables lazy, facts of the deployment. */
import type { JsonValue } from '@sallyport/model';
import { evaluateValue } from './expression/evaluate.ts';
import { Budget } from './expression/budget.ts';
import { copyLoops } from './expression/property-copy.ts';
import type { DeploymentFacts, Scope } from './expression/scope.ts';
import { memberOf } from './functions/function.ts';
import { bindParameters, type Parameter } from './parameters.ts';
import { validationFailed } from './template-error.ts';
import type { Template } from './template.ts';

export type BoundTemplate = { readonly template: Template; readonly parameters: readonly Parameter[]; readonly scope: Scope };

/** @throws TemplateError when a parameter is missing or does not fit. */
export function bindTemplate(
  template: Template,
  given: JsonValue | undefined,
  facts: DeploymentFacts,
  fresh: NonNullable<Scope['fresh']>,
): BoundTemplate {
  const bare: Scope = {
    facts,
    parameter: () => undefined,
    variable: () => undefined,
    functions: template.functions,
    loops: new Map(),
    lambdas: new Map(),
    read: undefined,
    budget: new Budget(),
    fresh: undefined,
  };
  const parameters = bindParameters(template, given, (value, parameter) => evaluateValue(value, { ...bare, parameter, fresh }));
  const values = new Map(parameters.map(({ name, value }) => [name.toLowerCase(), value]));
  const scope: Scope = { ...bare, parameter: (name) => values.get(name.toLowerCase()), variable: (name) => variable(name) };
  const variable = lazyVariables(template, () => scope);
  return { template, parameters, scope };
}

/** Variables may use each other in any order, and one that nobody uses may be wrong. */
function lazyVariables(template: Template, scope: () => Scope): Scope['variable'] {
  const done = new Map<string, JsonValue>();
  const running = new Set<string>();
  const loops = copyLoops(template.variables);
  return (name) => {
    const key = name.toLowerCase();
    const known = done.get(key);
    if (known !== undefined) return known;
    const loop = loops.find((candidate) => candidate.name.toLowerCase() === key);
    const raw = loop === undefined ? memberOf(template.variables, name) : { copy: [loop] };
    if (raw === undefined) return undefined;
    if (running.has(key)) throw validationFailed(`The template variable '${name}' is not valid: circular dependency detected`);
    running.add(key);
    const value = evaluateValue(raw, scope());
    const result = loop === undefined ? value : (memberOf(value as Readonly<Record<string, JsonValue>>, loop.name) ?? null); // one loop gives an object of one member
    running.delete(key);
    done.set(key, result);
    return result;
  };
}
