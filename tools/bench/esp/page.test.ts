/** Statistics, options, plots and the page, on numbers made up here. */
import { expect, test } from 'vitest';
import type { Row } from './measure.ts';
import { UsageError, isSelected, parseOptions } from './options.ts';
import { renderPage } from './page.ts';
import { drawPlots } from './plots.ts';
import { targets } from './results.ts';
import type { Results } from './results.ts';
import { fastest, fastestWithin, percentile, ratio } from './statistics.ts';
import type { RatePoint } from './statistics.ts';
import { barChart, lineChart, niceCeiling } from './svg.ts';
import { renderPair } from './tunnels.ts';

const point = (packets: number, loss: number): RatePoint => ({
  offeredPackets: packets,
  deliveredPackets: packets * (1 - loss),
  offeredBits: packets * 8 * 1328,
  deliveredBits: packets * (1 - loss) * 8 * 1328,
  loss,
});
const row = (engine: string, gigabits: number, packets: number): Row => ({
  engine,
  suite: 'AES-256-GCM',
  load: 1,
  tcp: { one: { bits: gigabits * 1e9, retransmits: 0 } },
  oneRange: [gigabits * 0.9e9, gigabits * 1.2e9],
  cpu: { sender: 0.1, receiver: 0.2 },
  udp: { udp1300: [point(packets, 0), point(packets * 2, 0.4)], small: [point(packets, 0.001)] },
  idle: { p50: 0.1, p99: 0.25, sent: 100, lost: 0 },
  failures: engine === 'kernel-libipsec' ? ['IMIX: it broke'] : [],
});
const results: Results = {
  command: 'npm run bench:esp',
  machine: 'two cores',
  date: '2026-01-02',
  seconds: 4,
  engines: [{ name: 'xfrmd (ipsec-mb)', what: 'a backend', missing: 'this xfrmd has none' }],
  rows: [row('xfrmd (EVP)', 6, 200_000), row('kernel-libipsec', 0.5, 40_000)],
  tunnels: [
    {
      tunnels: 1000,
      interfacesMade: 500,
      pairsInstalled: 900,
      bytesPerInterface: 1024,
      bytesPerPair: 9216,
      inBursts: { sender: 3000, receiver: 2500, loss: 0 },
      inTurn: { sender: 5000, receiver: 8000, loss: 0.02 },
      bareWrite: 4200,
      throughput: point(80_000, 0),
    },
  ],
  ike: [{ group: 'ECP-256', setUps: 400, perSecond: 490 }],
  profile: { bits: 5e9, groups: [{ name: 'copies', share: 0.2 }], top: [{ share: 0.1, object: 'xfrmd', symbol: 'f' }] },
  failures: ['profile: no'],
};

test.each([
  [[5, 1, 3, 2, 4], 0.5, 3],
  [[1, 2], 0.5, 1],
  [[1, 2], 0.99, 2],
  [[7], 0, 7],
  [[], 0.5, undefined],
])('the percentile of %j at %f is %s', (values, share, expected) => {
  expect(percentile(values, share)).toBe(expected);
});

test('the fastest rate within a loss is by what came through', () => {
  const points = [point(100, 0), point(200, 0.009), point(300, 0.3), point(400, 0.9)];
  expect(fastestWithin(points, 0.01)).toBe(points[1]);
  expect(fastest(points)).toBe(points[2]);
  expect(fastest([])).toBeUndefined();
  expect(ratio(6, undefined)).toBeUndefined();
  expect(ratio(6, 0)).toBeUndefined();
});

test('targets compare rows of the same run', () => {
  expect(targets(results.rows).map(({ measured }) => measured)).toEqual([12, 6, (200_000 * 8 * 1328) / 1e9, 1, expect.closeTo(5)]);
  expect(targets([]).map(({ measured }) => measured)).toEqual([undefined, undefined, undefined, undefined, undefined]);
  const lossy = { ...row('kernel-libipsec', 0.5, 40_000), udp: { small: [point(40_000, 0.5)] } };
  expect(targets([row('xfrmd (EVP)', 6, 200_000), lossy]).at(-1)?.measured).toBeCloseTo((200_000 * 0.999) / 20_000);
});

test('targets are those of xfrmd as it comes', () => {
  const rows = [...results.rows, row('xfrmd (ipsec-mb)', 9, 300_000)];
  expect(targets(rows)[0]?.measured).toBe(18);
  expect(renderPage({ ...results, rows })).toContain('| xfrmd (ipsec-mb), AES-256-GCM | target |');
});

test('a rate that bare veth does not carry is not held against an engine', () => {
  const verdicts = (veth: Row): string => renderPage({ ...results, rows: [veth, ...results.rows] });
  expect(verdicts({ ...row('bare veth', 8, 200_000), suite: '' })).toMatch(/quiet machine .* could not be asked: bare veth carried 8\.0/);
  expect(verdicts({ ...row('bare veth', 40, 200_000), suite: '' })).toMatch(/quiet machine .* not reached in this run/);
});

test('options', () => {
  expect(parseOptions([])).toEqual({ seconds: 4, only: [], isQuick: false });
  expect(parseOptions(['--quick', '--only', 'xfrmd,tunnels'])).toEqual({ seconds: 1, only: ['xfrmd', 'tunnels'], isQuick: true });
  for (const args of [['--seconds', '0'], ['--seconds', 'x'], ['--secnds', '1'], ['quick']])
    expect(() => parseOptions(args)).toThrow(UsageError);
  expect(isSelected({ only: ['libipsec'] }, 'kernel-libipsec')).toBe(true);
  expect(isSelected({ only: ['libipsec'] }, 'tunnels')).toBe(false);
  expect(isSelected({ only: [] }, 'anything')).toBe(true);
});

test('the page has every table, and names what is missing or failed', () => {
  const page = renderPage(results);
  for (const text of [
    '| xfrmd (EVP), AES-256-GCM | 6.00 (5.40–7.20) | – | – | – | 12.0× | 1.0 |',
    '| xfrmd (EVP), AES-256-GCM | 2.12 / 2.55 |',
    'Not measured: this xfrmd has none',
    '| TCP, 1 stream, on a quiet machine | 10 Gbit/s | 6.0 Gbit/s | not reached in this run |',
    '| 1,000 | 500 | 900 | 10.0 | 3.0 / 2.5 | 5.0 / 8.0 (2 % lost) | 4.2 | 0.85 |',
    '| ECP-256 | 400 | 490 |',
    'Failed in this run: kernel-libipsec, AES-256-GCM, IMIX: it broke',
    'Failed in this run: profile: no',
  ])
    expect(page).toContain(text);
  expect(page).not.toMatch(/NaN|undefined|Infinity/);
});

test('every plot that the page shows is drawn, whole and finite', () => {
  const page = renderPage(results);
  const plots = drawPlots(results);
  expect(new Set([...page.matchAll(/\]\(([\w-]+\.svg)\)/g)].map((match) => match[1]))).toEqual(new Set(plots.keys()));
  for (const svg of plots.values()) {
    expect(svg).toMatch(/^<svg [^>]+>[\s\S]+<\/svg>\n$/);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  }
});

test('labels are text, not markup', () => {
  const svg = barChart('a < b & c', [{ label: '<script>', value: 1, text: '"1"' }]);
  expect(svg).toContain('a &lt; b &amp; c');
  expect(svg).not.toContain('<script>');
});

test('lines are placed on their scales', () => {
  const svg = lineChart({ title: 't', x: 'x', y: 'y', logarithmicX: true, xTicks: [1, 100] }, [
    {
      name: 'n',
      points: [
        [1, 0],
        [10, 5],
        [100, 10],
      ],
    },
  ]);
  const [left = [], middle = [], right = []] = (/points="([^"]+)"/.exec(svg)?.[1] ?? '')
    .split(' ')
    .map((pair) => pair.split(',').map(Number));
  expect(middle[0]).toBeCloseTo(((left[0] ?? 0) + (right[0] ?? 0)) / 2);
  expect(middle[1]).toBeCloseTo(((left[1] ?? 0) + (right[1] ?? 0)) / 2);
  expect((left[1] ?? 0) > (right[1] ?? 0)).toBe(true);
  expect([0, 0.7, 1, 1.2, 4, 9, 12].map(niceCeiling)).toEqual([1, 1, 1, 2, 5, 10, 20]);
});

test('a pair of SAs and its policies, as iproute2 takes them from either end', () => {
  const pair = { number: 9, address: '10.64.0.9', keys: { a: '0xaa', b: '0xbb' } };
  const [first = '', second = '', out = ''] = renderPair('b', pair);
  expect(first).toContain('src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x10009 reqid 10 mode tunnel');
  expect(first).toContain('aead rfc4106(gcm(aes)) 0xaa 128');
  expect(second).toContain('src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x20009');
  expect(out).toBe(
    'xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir out priority 1000 if_id 10 tmpl src 192.0.2.2 dst 192.0.2.1 proto esp spi 0x20009 reqid 10 mode tunnel',
  );
});
