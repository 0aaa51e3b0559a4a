/** What an expression can see: parameters, variables, loops, the deployment it runs in, and resources once they can be read. */
import type { JsonObject, JsonValue } from '@sallyport/model';
import type { Budget } from './budget.ts';
import type { Expression } from './parser.ts';

/** Answers of `subscription()`, `resourceGroup()`, `tenant()`, `deployment()`, `environment()`: objects as Azure documents them. */
export type DeploymentFacts = {
  readonly subscriptionId: string;
  /** Absent in a subscription-level deployment. */
  readonly resourceGroup: JsonObject | undefined;
  readonly subscription: JsonObject;
  readonly tenant: JsonObject;
  readonly deployment: JsonObject;
  readonly environment: JsonObject;
};

export type ResourceReading = {
  /** `reference` reads the resource; other names are actions such as `listKeys`. */
  readonly verb: string;
  /** A resource id, or the name (or symbolic name) of a resource in the template. */
  readonly target: string;
  readonly apiVersion: string | undefined;
  readonly isFull: boolean;
  readonly body: JsonValue | undefined;
};

export type UserFunction = { readonly parameters: readonly string[]; readonly output: JsonValue };

export type Scope = {
  readonly facts: DeploymentFacts;
  /** Undefined when the template has no such parameter. Without case. */
  readonly parameter: (name: string) => JsonValue | undefined;
  /** Undefined when the template has no such variable. */
  readonly variable: (name: string) => JsonValue | undefined;
  /** `namespace.name` in lower case. */
  readonly functions: ReadonlyMap<string, UserFunction>;
  /** Indexes of the running copy loops, by lower-case loop name; the innermost resource loop also under the empty name. */
  readonly loops: ReadonlyMap<string, number>;
  /** Variables of the enclosing lambdas, lower case. */
  readonly lambdas: ReadonlyMap<string, JsonValue>;
  /** Reads deployed resources. Absent where Azure forbids it: parameters, variables, names, conditions. */
  readonly read: ((reading: ResourceReading) => JsonValue) | undefined;
  /** Shared by all scopes of one template. */
  readonly budget: Budget;
  /** Time and chance, allowed only in default values of parameters. */
  readonly fresh: { readonly nowMs: () => number; readonly guid: () => string } | undefined;
};

/** Thrown by `Scope.read` while a resource is not read yet: the executor reads it and evaluates again. */
export class UnreadResource extends Error {
  override readonly name = 'UnreadResource';
  readonly reading: ResourceReading;

  constructor(reading: ResourceReading) {
    super(`${reading.target} is not read yet`);
    this.reading = reading;
  }
}

/** Evaluates a sub-expression, with more lambda variables in sight. For functions that decide what to evaluate. */
export type Evaluate = (expression: Expression, lambdas?: ReadonlyMap<string, JsonValue>) => JsonValue;
