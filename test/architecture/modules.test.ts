/** Rules about single files: each says what it is, tests run whole, a clone stands alone, no secret is in a golden. */
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { files, typescript } from './tree.ts';

const cxx = files.filter(({ path }) => /\.(cpp|hpp|cc|h)$/.test(path));

test('every module opens by saying what it is', () => {
  const silent = [...typescript, ...cxx].filter(
    ({ text }) => !/^(#![^\n]*\n)?\s*(\/\*\*?|\/\/)\s*\S/.test(text.replace(/^#pragma once\s*/, '')),
  );
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test('tests replace nothing behind the back of a module, and none is left out or singled out', () => {
  // Written in pieces so that this file does not name what it forbids.
  const forbidden = [
    ['vi', 'mock('],
    ['vi', 'doMock('],
    ['only', '('],
    ['skip', '('],
    ['todo', '('],
  ].map(([a = '', b = '']) =>
    a === 'vi' ? new RegExp(`\\b${a}\\.${b.replace('(', '\\(')}`) : new RegExp(`\\b(?:describe|test|it)(?:\\.each)?\\.${a}\\(`),
  );
  const guilty = typescript.filter(
    ({ path, text }) => /\.(test|real|every|contract)\.ts$/.test(path) && forbidden.some((pattern) => pattern.test(text)),
  );
  expect(guilty.map(({ path }) => path)).toEqual([]);
});

test('nothing names a place outside the clone: no path of one machine, no registry host', () => {
  const places = [
    ['/wo', 'rk/'],
    ['/fa', 'rm/'],
    ['/tmp/stu', 'dio'],
    ['registry.npm', 'js'],
    ['deb.deb', 'ian.org'],
    ['/ro', 'ot/'],
    ['/home/', 'user'],
  ].map((parts) => parts.join(''));
  const folders = ['reference', 'design', 'azure-specs', 'prototype', 'seeds'].map((folder) => ['sha', `red/${folder}`].join(''));
  const found = files.flatMap(({ path, text }) =>
    [...places, ...folders].filter((place) => text.includes(place)).map((place) => `${path}: ${place}`),
  );
  expect(found).toEqual([]);
});

test('no golden shows a secret of its scenario', () => {
  const secretsOf = (text: string): readonly string[] =>
    [...text.matchAll(/"(?:sharedKey|radiusServerSecret|authorizationKey)":\s*"([^"]+)"/g)].map((match) => match[1] ?? '');
  const secrets = new Map(
    files.filter(({ path }) => /(^|\/)resources\.json$/.test(path)).map(({ path, text }) => [dirname(path), secretsOf(text)]),
  );
  expect([...secrets.values()].flat().length).toBeGreaterThan(0);
  const shown = files
    .filter(({ path }) => path.includes('.golden.'))
    .flatMap(({ path, text }) =>
      [...new Set([...secrets.values()].flat())].filter((secret) => text.includes(secret)).map((secret) => `${path}: ${secret}`),
    );
  expect(shown).toEqual([]);
});
