/** Bodies as Azure CLI sends them, and what is refused. */
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { TemplateError } from './template-error.ts';
import { parseTolerantJson } from './tolerant-json.ts';

test('a body spliced by az: unquoted key, comments, raw line breaks in strings', () => {
  const text = `{"properties": {"parameters": {}, "mode": "Incremental", template:{
  // the usual
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  /* and
     a block */
  "variables": {
    "id": "[resourceId('Microsoft.Network/virtualNetworks',
                       'hq')]",
  },
  "resources": []
}}}`;
  const { value, positionOf } = parseTolerantJson(text);
  expect(value).toEqual({
    properties: {
      parameters: {},
      mode: 'Incremental',
      template: {
        $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
        variables: { id: "[resourceId('Microsoft.Network/virtualNetworks',\n                       'hq')]" },
        resources: [],
      },
    },
  });
  expect(positionOf('properties.template.variables')).toEqual({ line: 6, column: 16 });
  expect(positionOf('properties.template.nosuch')).toBeUndefined();
});

test('a member called __proto__ stays a member', () => {
  const { value } = parseTolerantJson('{"__proto__": {"a": 1}}');
  expect(Object.keys(value as object)).toEqual(['__proto__']);
  expect(({} as Record<string, unknown>)['a']).toBeUndefined();
});

test('everything that JSON can say reads as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, spaces) => {
      const text = JSON.stringify(value, undefined, spaces);
      expect(parseTolerantJson(text).value).toEqual(JSON.parse(text));
    }),
  );
});

test('any text either reads or is refused with line and position, never otherwise', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const outcome = attempt(() => parseTolerantJson(text));
      expect(outcome === undefined || (outcome instanceof TemplateError && outcome.code === 'InvalidRequestContent')).toBe(true);
    }),
  );
});

describe('refused', () => {
  test.each([
    ['', 'unexpected end of the document, line 1, position 1'],
    ['{"a" 1}', "':' was expected after property a, line 1, position 6"],
    ['{"a": 1 "b": 2}', "',' or '}' was expected"],
    ['{"a": "x', 'unterminated string'],
    ['{} {}', 'more text after the end of the document'],
    ['{"a": 01}', 'unexpected character 0'],
    ['['.repeat(5000), 'nested deeper than 128 levels'],
  ])('%s', (text, message) => {
    expect(() => parseTolerantJson(text)).toThrow(message);
  });
});

function attempt(act: () => unknown): unknown {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
}
