/** `operations` of Microsoft.Network: the actions a role could be granted, derived from the types there are. */
import type { JsonObject } from '@sallyport/model';
import type { RulesCatalogue } from '../arm/context.ts';

const verbs = [
  { name: 'read', words: 'Gets' },
  { name: 'write', words: 'Creates or updates' },
  { name: 'delete', words: 'Deletes' },
] as const;

export function networkOperations(rules: RulesCatalogue): readonly JsonObject[] {
  const types = rules.all.flatMap(({ type, children }) => [type, ...children.map((child) => child.type)]);
  return types.flatMap((type) =>
    verbs.map(({ name, words }) => ({
      name: `${type}/${name}`,
      isDataAction: false,
      display: {
        provider: 'Microsoft Network',
        resource: type.slice('Microsoft.Network/'.length),
        operation: `${words} ${type.split('/').at(-1) ?? ''}`,
        description: `${words} ${type}`,
      },
    })),
  );
}
