/** Templates that ask for more than any machine has are refused, in time and without a trace in memory. */
import { expect, test } from 'vitest';
import type { JsonObject } from '@sallyport/model';
import { bindTemplate } from '../bind.ts';
import { parseTemplate } from '../template.ts';
import { testFacts } from '../test-scope.ts';
import { evaluateText } from './evaluate.ts';

function evaluate(text: string, variables: JsonObject = {}, functions: readonly JsonObject[] = []): unknown {
  const template = parseTemplate(
    {
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      variables,
      functions,
      resources: [],
    },
    () => undefined,
  );
  const fresh = { nowMs: () => 0, guid: () => '' };
  return evaluateText(text, bindTemplate(template, undefined, testFacts, fresh).scope);
}

/** `v0`, and each further variable made of two of the one before. */
const doubled = (first: unknown, twice: (name: string) => string): JsonObject =>
  Object.fromEntries([
    ['v0', first],
    ...Array.from({ length: 40 }, (_, index) => [`v${index + 1}`, `[${twice(`variables('v${index}')`)}]`] as const),
  ]) as JsonObject;

const tooLarge = /larger than the limit of 4 MB/;

test.each([
  ['text doubled forty times', "[variables('v40')]", doubled('abcd', (of) => `concat(${of}, ${of})`), tooLarge],
  ['a list doubled forty times', "[length(variables('v40'))]", doubled([1], (of) => `concat(${of}, ${of})`), tooLarge],
  ['a list of the same list, forty deep', "[string(variables('v40'))]", doubled([1], (of) => `createArray(${of}, ${of})`), tooLarge],
  ['padding to ten million', "[padLeft('a', 10000000, 'x')]", {}, tooLarge],
  ['padding to a thousand million', "[padLeft('a', 1000000000, 'x')]", {}, /string length/],
  ['digits beyond those of a number', "[format('{0:F1000}', 1)]", {}, /digits/],
  [
    'a loop in a loop',
    "[length(map(range(0, 10000), lambda('i', map(range(0, 10000), lambda('j', lambdaVariables('j'))))))]",
    {},
    /more than 2000000 steps|limit of 4 MB/,
  ],
])('%s', (_name, text, variables, message) => {
  expect(() => evaluate(text, variables)).toThrow(message);
});

test('a function that calls itself for ever', () => {
  const functions = [{ namespace: 'own', members: { f: { parameters: [], output: { type: 'string', value: '[own.f()]' } } } }];
  expect(() => evaluate('[own.f()]', {}, functions)).toThrow(/call stack|steps/);
});

test('what real templates do stays well below', () => {
  const text = "[length(map(range(0, 800), lambda('i', format('subnet-{0}-{1}', lambdaVariables('i'), variables('v')))))]";
  expect(evaluate(text, { v: 'x'.repeat(100) })).toBe(800);
});
