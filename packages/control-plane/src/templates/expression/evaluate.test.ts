/** Expressions and functions, in tables: what is written, what it is worth. */
import { describe, expect, test } from 'vitest';
import type { JsonValue } from '@sallyport/model';
import { testScope } from '../test-scope.ts';
import { evaluateText, evaluateValue } from './evaluate.ts';

const group = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/hub';

const cases: Readonly<Record<string, readonly (readonly [string, JsonValue])[]>> = {
  'what is an expression': [
    ['plain', 'plain'],
    ['[[not one]', '[not one]'],
    ['[open', '[open'],
    ["['quote ''s']", "quote 's"],
    ["[ toUpper (\n 'a' ) ]", 'A'],
    ["[CONCAT('a', 1, true())]", 'a1True'],
  ],
  'members and indexes': [
    ['[resourceGroup().location]', 'westeurope'],
    ["[resourceGroup().PROPERTIES['provisioningstate']]", 'Succeeded'],
    ['[createArray(1, 2, 3)[1]]', 2],
    ["[createObject('a', createArray('x')).a[0]]", 'x'],
    ["[createObject('a', 1).?b]", null],
  ],
  logic: [
    ["[if(equals(1, 1), 'yes', div(1, 0))]", 'yes'],
    ["[if(false(), div(1, 0), 'no')]", 'no'],
    ['[and(true(), not(false()))]', true],
    ['[or(false(), less(1, 2))]', true],
    ["[coalesce(null(), 'b')]", 'b'],
    ["[bool('True')]", true],
    ["[greaterOrEquals('b', 'a')]", true],
  ],
  numbers: [
    ['[add(1, mul(2, 3))]', 7],
    ['[sub(div(7, 2), mod(7, 2))]', 2],
    ['[min(3, 1, 2)]', 1],
    ['[max(createArray(1, 5))]', 5],
    ["[int('42')]", 42],
    ['[range(3, 2)]', [3, 4]],
  ],
  text: [
    ['[concat(createArray(1), createArray(2))]', [1, 2]],
    ["[format('{0}/{1}-{2:D3} {{x}}', 'gw', 'rule', 7)]", 'gw/rule-007 {x}'],
    ["[toLower(substring('ABCDEF', 1, 3))]", 'bcd'],
    ["[split('a,b;c', createArray(',', ';'))]", ['a', 'b', 'c']],
    ["[join(createArray('a', 'b'), '-')]", 'a-b'],
    ["[replace('a.b.c', '.', '$&')]", 'a$&b$&c'],
    ["[startsWith('Hello', 'he')]", true],
    ["[endsWith('Hello', 'LO')]", true],
    ["[padLeft(7, 3, '0')]", '007'],
    ["[string(createObject('a', 1))]", '{"a":1}'],
    ["[base64ToString(base64('key'))]", 'key'],
    ["[uri('https://example.org/a/b.json', 'c/d.json')]", 'https://example.org/a/c/d.json'],
    ['[json(\'{"a": [1]}\').a]', [1]],
    ["[trim('  a ')]", 'a'],
  ],
  'arrays and objects': [
    ["[length('abc')]", 3],
    ["[empty('')]", true],
    ['[empty(createObject())]', true],
    ["[contains(createArray('a', 'b'), 'b')]", true],
    ["[contains(createObject('Name', 1), 'name')]", true],
    ["[contains('abc', 'B')]", false],
    ["[first('abc')]", 'a'],
    ['[last(createArray(1, 2))]', 2],
    ["[take(skip('abcdef', 1), 2)]", 'bc'],
    ['[array(1)]', [1]],
    ['[union(createArray(1, 2), createArray(2, 3))]', [1, 2, 3]],
    ["[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]", { a: { x: 1, y: 2 } }],
    ['[intersection(createArray(1, 2, 3), createArray(3, 2))]', [2, 3]],
    ["[indexOf('Hello', 'L')]", 2],
    ["[items(createObject('b', 2, 'a', 1))[0].key]", 'a'],
  ],
  lambdas: [
    ["[map(range(0, 2), lambda('i', add(lambdaVariables('i'), 10)))]", [10, 11]],
    ["[filter(range(0, 4), lambda('i', equals(mod(lambdaVariables('i'), 2), 0)))]", [0, 2]],
    ["[reduce(range(1, 4), 0, lambda('sum', 'next', add(lambdaVariables('sum'), lambdaVariables('next'))))]", 10],
    ["[sort(createArray(3, 1, 2), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))]", [1, 2, 3]],
  ],
  resources: [
    [
      "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'hq', 'apps')]",
      `${group}/providers/Microsoft.Network/virtualNetworks/hq/subnets/apps`,
    ],
    [
      "[resourceId('22222222-2222-2222-2222-222222222222', 'other', 'Microsoft.Network/connections', 'c')]",
      '/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/other/providers/Microsoft.Network/connections/c',
    ],
    [
      "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')]",
      '/subscriptions/11111111-1111-1111-1111-111111111111/providers/Microsoft.Authorization/roleDefinitions/r',
    ],
    ["[tenantResourceId('Microsoft.Authorization/policyDefinitions', 'p')]", '/providers/Microsoft.Authorization/policyDefinitions/p'],
    [
      "[extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/locks', 'keep')]",
      `${group}/providers/Microsoft.Authorization/locks/keep`,
    ],
    ["[pickZones('Microsoft.Network', 'publicIPAddresses', 'westeurope', 2)]", ['1', '2']],
  ],
  addresses: [
    ["[cidrSubnet('10.144.0.0/20', 24, 2)]", '10.144.2.0/24'],
    ["[cidrHost('10.144.3.0/24', 0)]", '10.144.3.1'],
    [
      "[parseCidr('10.144.0.0/20')]",
      {
        network: '10.144.0.0',
        netmask: '255.255.240.0',
        broadcast: '10.144.15.255',
        firstUsable: '10.144.0.1',
        lastUsable: '10.144.15.254',
        cidr: 20,
      },
    ],
  ],
  dates: [
    ["[dateTimeAdd('2026-03-31T10:00:00Z', 'P1DT2H')]", '2026-04-01T12:00:00Z'],
    ["[dateTimeToEpoch('1970-01-02T00:00:00Z')]", 86400],
    ["[dateTimeAdd('2026-03-31T10:00:00Z', '-PT1H', 'yyyy/MM/dd HH:mm')]", '2026/03/31 09:00'],
  ],
};

describe.each(Object.entries(cases))('%s', (_, rows) => {
  test.each(rows.map(([text, value]) => ({ text, value })))('$text', ({ text, value }) => {
    expect(evaluateText(text, testScope())).toEqual(value);
  });
});

describe('names that Azure gives', () => {
  test('uniqueString gives the values published for the real one', () => {
    // Values from public write-ups of real deployments.
    expect(evaluateText("[uniqueString('hello', 'world')]", testScope())).toBe('a7wkljktk6wne');
    expect(evaluateText("[uniqueString('tyeth')]", testScope())).toBe('zcztcwvu6iyg6');
    const id = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg';
    expect(evaluateText(`[uniqueString('${id}')]`, testScope())).toBe('bmg7c6xu4tw46');
  });

  test('guid is a version 5 UUID and depends on every argument', () => {
    const one = evaluateText("[guid('a', 'b')]", testScope());
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(evaluateText("[guid('a', 'c')]", testScope())).not.toBe(one);
  });
});

test('parameters, variables and loop indexes come from the scope', () => {
  const scope = testScope(
    { count: 2 },
    {
      variable: (name) => (name === 'v' ? ['x'] : undefined),
      loops: new Map([
        ['', 1],
        ['subnets', 1],
      ]),
    },
  );
  expect(evaluateText("[add(parameters('count'), copyIndex('subnets', 10))]", scope)).toBe(13);
  expect(evaluateText("[concat(variables('v')[0], copyIndex())]", scope)).toBe('x1');
});

test('objects are evaluated in keys and values, and property loops are unrolled', () => {
  const value = evaluateValue(
    {
      "[concat('a', 'b')]": '[add(1, 1)]',
      copy: [{ name: 'subnets', count: 2, input: { name: "[format('s{0}', copyIndex('subnets'))]" } }],
    },
    testScope(),
  );
  expect(value).toEqual({ ab: 2, subnets: [{ name: 's0' }, { name: 's1' }] });
});

test('user-defined functions see only their parameters', () => {
  const functions = new Map([['net.name', { parameters: ['x'], output: "[concat('n-', parameters('x'))]" }]]);
  expect(evaluateText("[net.name('a')]", testScope({}, { functions }))).toBe('n-a');
});

describe('faults are said in words', () => {
  test.each([
    ["[nosuch('a')]", "The template function 'nosuch' is not valid."],
    ["[concat('a']", "The language expression 'concat('a'' is not valid"],
    ["[parameters('x')]", "The template parameter 'x' is not found."],
    ["[variables('x')]", "The template variable 'x' is not found."],
    [
      '[resourceGroup().nosuch]',
      "The language expression property 'nosuch' doesn't exist, available properties are 'id, name, type, location, properties'.",
    ],
    ['[createArray(1)[4]]', "The language expression property array index '4' is out of bounds."],
    ["[substring('abc', 2, 5)]", 'the index and length parameters must refer to a location within the string'],
    ["[resourceId('Microsoft.Network/virtualNetworks/subnets', 'hq')]", "requires '2' resource name argument(s) and '1' were given"],
    ['[utcNow()]', 'It may be used only in the default value of a parameter'],
    ["[reference('x')]", "The template function 'reference' is not expected at this location."],
    ['[copyIndex()]', 'can only be used in a resource with copy specified'],
    [`[${'not('.repeat(200)}true()${')'.repeat(200)}]`, 'nested deeper than 100 levels'],
  ])('%s', (text, message) => {
    expect(() => evaluateText(text, testScope())).toThrow(message);
  });
});
