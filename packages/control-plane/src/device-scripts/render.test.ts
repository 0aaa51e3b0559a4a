/** Every family's script: its golden texts, that no value is missing in any guise, and that any key survives its grammar. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deviceFamilies } from './families.ts';
import type { DeviceScriptFacts } from './facts.ts';
import type { DeviceFamily } from './family.ts';
import { factsFor, guises, plain } from './fixture-facts.ts';
import { renderDeviceScript } from './render.ts';
import { masks } from './text.ts';

/** ASR, CSR and ISR share a language. */
const families = deviceFamilies.filter(({ language }, index) => deviceFamilies.findIndex((other) => other.language === language) === index);
const fileOf = ({ language }: DeviceFamily): string => language.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');

/** Every printable ASCII character Azure allows in a key: no space, hyphen or tilde. */
const everyCharacter = Array.from({ length: 0x7e - 0x21 }, (_, index) => String.fromCharCode(0x21 + index))
  .filter((c) => c !== '-')
  .join('');
const oddKeys = [
  everyCharacter,
  '0x41',
  '0sQUE=',
  '$9$abc',
  `"'\\`,
  '??',
  "it's",
  'hex',
  '0',
  '`id`',
  '$(id)',
  '#comment',
  '!x',
  '{a}',
  ';',
];

describe.each(families.map((family) => [family.language.title, family] as const))('%s', (_title, family) => {
  test.each(Object.entries(guises))('%s reads as its golden text', async (name, guise) => {
    const script = renderDeviceScript(family, factsFor(family, guise));
    await expect(script).toMatchFileSnapshot(join(import.meta.dirname, 'families', 'golden', `${fileOf(family)}.${name}.golden.txt`));
  });

  test.each(Object.entries(guises))('%s has every value, outside comments where the device needs it', (_name, guise) => {
    const facts = factsFor(family, guise);
    const script = renderDeviceScript(family, facts);
    const commands = script
      .split('\n')
      .filter((line) => !/^\s*[!#]/.test(line))
      .join('\n');
    for (const value of [...facts.tunnels.map(({ gatewayAddress }) => gatewayAddress), facts.sharedKey]) expect(commands).toContain(value);
    for (const value of valuesOf(facts)) expect(script).toMatch(new RegExp(`\\b${value.replaceAll('.', String.raw`\.`)}\\b`));
    expect(script).toMatch(/REPLACE[^]*CLEANUP/);
    expect(script).not.toMatch(/undefined|NaN|\[object|<RP_|<SP_/);
    expect(/\bbgp\b/i.test(script)).toBe(facts.bgp !== undefined);
  });

  test.each(oddKeys)('a key of %s can be read back from the script', (sharedKey) => {
    const script = renderDeviceScript(family, factsFor(family, { ...plain, sharedKey }));
    const keys = readKeys[fileOf(family)]?.(script) ?? [];
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key).toBe(sharedKey);
    expect(
      script
        .split('\n')
        .filter((line) => /^\s*[!#]/.test(line))
        .join('\n'),
    ).not.toContain(everyCharacter);
  });
});

function valuesOf({ bgp, tunnels, site, mss, mtu, vnetPrefixes, sitePrefixes }: DeviceScriptFacts): readonly string[] {
  const speakers = [bgp?.siteAddress, bgp?.siteAsn, bgp?.gatewayAsn, ...tunnels.map(({ gatewayBgpAddress }) => gatewayBgpAddress)];
  const networks = [...vnetPrefixes, ...sitePrefixes].map((prefix) => masks(prefix).network);
  return [site.value, mss, mtu, ...networks, ...speakers].flatMap((value) => (value === undefined ? [] : [String(value)]));
}

/** How each device reads the key from its script; written from the vendors' grammars, not from our renderers. */
const readKeys: Readonly<Record<string, (script: string) => readonly string[]>> = {
  'cisco-ios-xe': (script) =>
    all(script, /^ {2}pre-shared-key (0|hex) (.*)$/gm).map(([kind = '', text = '']) => (kind === 'hex' ? fromHex(text) : text)),
  'cisco-asa': (script) => all(script, /pre-shared-key (.*)$/gm).map(([text = '']) => text),
  'juniper-srx': (script) =>
    all(script, /pre-shared-key (?:ascii-text "(.*)"|hexadecimal (\w+))$/gm).map(([text, hex = '']) => text ?? fromHex(hex)),
  'ubiquiti-edgerouter': (script) => all(script, /pre-shared-secret ('.*)$/gm).map(([text = '']) => fromBash(text)),
  'fortinet-fortigate': (script) => all(script, /set psksecret (.*)$/gm).map(([text = '']) => fromPrefixedHex(unquoted(text))),
  'palo-alto-networks-pan-os': (script) => all(script, /pre-shared-key key (.*)$/gm).map(([text = '']) => unquoted(text)),
  vyos: (script) => all(script, / secret ('.*)$/gm).map(([text = '']) => fromPrefixedHex(fromBash(text))),
  'mikrotik-routeros': (script) =>
    all(script, / secret="([^"]*)" /g).map(([text = '']) =>
      fromPrefixedHex(text.replaceAll(/\\([0-9A-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))),
    ),
  strongswan: (script) => all(script, /^ {4}secret = (.*)$/gm).map(([text = '']) => fromPrefixedHex(unquoted(text))),
  opnsense: (script) => all(script, /^ {4}secret = (.*)$/gm).map(([text = '']) => fromPrefixedHex(unquoted(text))),
  libreswan: (script) => all(script, / : PSK (.*)$/gm).map(([text = '']) => fromPrefixedHex(unquoted(text))),
};

function all(text: string, pattern: RegExp): readonly (readonly (string | undefined)[])[] {
  return [...text.matchAll(pattern)].map((match) => match.slice(1));
}

function fromHex(digits: string): string {
  return Buffer.from(digits, 'hex').toString('ascii');
}

function fromPrefixedHex(text: string): string {
  return /^0x[0-9a-f]+$/i.test(text) ? fromHex(text.slice(2)) : text;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
}

/** Words of single-quoted pieces and backslashed characters. */
function fromBash(text: string): string {
  return [...text.matchAll(/'([^']*)'|\\(.)/g)].map(([, quoted, escaped]) => quoted ?? escaped ?? '').join('');
}
