/** A scope for tests of the evaluator: fixed facts of one resource group, nothing bound unless given. */
import type { JsonValue } from '@sallyport/model';
import { Budget } from './expression/budget.ts';
import type { DeploymentFacts, Scope } from './expression/scope.ts';

export const testFacts: DeploymentFacts = {
  subscriptionId: '11111111-1111-1111-1111-111111111111',
  resourceGroup: {
    id: '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/hub',
    name: 'hub',
    type: 'Microsoft.Resources/resourceGroups',
    location: 'westeurope',
    properties: { provisioningState: 'Succeeded' },
  },
  subscription: { id: '/subscriptions/11111111-1111-1111-1111-111111111111', subscriptionId: '11111111-1111-1111-1111-111111111111' },
  tenant: { tenantId: '22222222-2222-2222-2222-222222222222' },
  deployment: { name: 'test', properties: {} },
  environment: { name: 'sallyport', suffixes: {} },
};

export function testScope(values: Readonly<Record<string, JsonValue>> = {}, scope: Partial<Scope> = {}): Scope {
  return {
    facts: testFacts,
    parameter: (name) => values[name],
    variable: () => undefined,
    functions: new Map(),
    loops: new Map(),
    lambdas: new Map(),
    read: undefined,
    budget: new Budget(),
    fresh: undefined,
    ...scope,
  };
}
