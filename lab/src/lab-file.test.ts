/** Names, links and addresses of sites and clients. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFabric, openFabric } from './fabric.ts';
import { changeMachines, checkName, chooseAddress, freeLink, readMachines } from './lab-file.ts';
import type { Client, Machine, Site } from './lab-file.ts';

const site = (name: string, link: number, publicAddress: string): Site => ({
  kind: 'site',
  name,
  link,
  publicAddress,
  prefixes: ['192.168.0.0/24'],
  device: 'none',
});
const client = (name: string, link: number, publicAddress: string): Client => ({ kind: 'client', name, link, publicAddress });

test('the lowest free address and link are taken, from the eleventh on', () => {
  const machines: readonly Machine[] = [site('a', 1, '203.0.113.11'), site('b', 3, '203.0.113.13'), client('c', 4, '192.0.2.11')];
  expect(chooseAddress('site', machines, undefined)).toBe('203.0.113.12');
  expect(chooseAddress('client', machines, undefined)).toBe('192.0.2.12');
  expect(freeLink(machines)).toBe(2);
});

test('a wanted address must be free, of the pool and not the router’s', () => {
  const machines = [site('a', 1, '203.0.113.11')];
  expect(chooseAddress('site', machines, '203.0.113.77')).toBe('203.0.113.77');
  expect(() => chooseAddress('site', machines, '203.0.113.11')).toThrow('is taken');
  expect(() => chooseAddress('site', machines, '198.51.100.7')).toThrow('must be in 203.0.113.0/24');
  expect(() => chooseAddress('site', machines, '203.0.113.1')).toThrow('not be the router');
});

test.for(['', 'Paris', 'a_b', '-a', 'a-', 'branch-host', 'x'.repeat(41), 'a/b', 'a b'])('%j can not be a name', (name) => {
  expect(() => checkName(name)).toThrow('can’t be a name'.replace('’', "'"));
});

test('concurrent changes of the list all count, and the file is private', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-lab-'));
  try {
    const fabric = createFabric(directory);
    expect(openFabric(directory)).toEqual(fabric);
    const add = (index: number): Promise<void> =>
      changeMachines(fabric, (machines) => ({
        machines: [...machines, client(`c${index}`, freeLink(machines), chooseAddress('client', machines, undefined))],
        result: undefined,
      }));
    await Promise.all(Array.from({ length: 8 }, (_, index) => add(index)));
    const machines = readMachines(fabric);
    expect(new Set(machines.map(({ publicAddress }) => publicAddress)).size).toBe(8);
    expect(machines.map(({ link }) => link)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(statSync(join(directory, 'lab.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, 'fabric.json'), 'utf8')).toContain(fabric.id);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a directory nobody started in is named', () => {
  expect(() => openFabric('/nonexistent/x')).toThrow('/nonexistent/x holds no fabric');
});

test('damaged files are named, with the remedy', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sp-lab-'));
  try {
    const fabric = createFabric(directory);
    writeFileSync(join(directory, 'lab.json'), '{"machines');
    expect(() => readMachines(fabric)).toThrow(`${join(directory, 'lab.json')} is damaged: remove it, and add sites and clients again`);
    for (const text of ['', '{"id": 7}']) {
      writeFileSync(join(directory, 'fabric.json'), text);
      expect(() => openFabric(directory)).toThrow(`${join(directory, 'fabric.json')} is damaged: it must hold {"id"`);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});
