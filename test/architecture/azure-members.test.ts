/** The list of Azure's member names is that of the newest SDK: what its models for our resource types read or write. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { specifiedMembers } from '@sallyport/model';
import { root } from './tree.ts';

const folder = join(root, 'node_modules/@azure/arm-network/dist/esm/models');
const source = ['common', 'network'].map((part) => readFileSync(join(folder, part, 'models.js'), 'utf8')).join('\n');
const functions = new Map(
  [...source.matchAll(/function (\w+(?:Serializer|Deserializer))\(\w+\) \{\n([\s\S]*?)\n\}/g)].map(([, name, body]) => [name, body ?? '']),
);

const roots = [
  'localNetworkGateway',
  'networkInterface',
  'networkSecurityGroup',
  'networkWatcher',
  'publicIPAddress',
  'route',
  'routeTable',
  'subnet',
  'virtualNetwork',
  'virtualNetworkGateway',
  'virtualNetworkGatewayConnection',
  'virtualNetworkGatewayNatRule',
  'virtualNetworkPeering',
];

/** Names on the wire, of a model and of everything inside it. */
function namesFrom(models: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  const seen = new Set<string>();
  const open = models.flatMap((model) => [`${model}Serializer`, `${model}Deserializer`]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const body = functions.get(next) ?? '';
    for (const [, read, written] of body.matchAll(/item\["([^"]+)"\]|^\s+"?([\w.@]+)"?: /gm)) names.add(read ?? written ?? '');
    for (const [callee] of body.matchAll(/\w+(?:Serializer|Deserializer)\b/g)) open.push(callee);
  }
  return names;
}

test('the list has every name of the SDK, and no other', () => {
  expect(specifiedMembers).toEqual([...namesFrom(roots)].toSorted());
});
