/** The page's plots, chosen from the results. Pure. */
import type { Row } from './measure.ts';
import type { Results } from './results.ts';
import { barChart, lineChart } from './svg.ts';

/** File name to SVG text. */
export function drawPlots(results: Results): ReadonlyMap<string, string> {
  const name = (row: Row): string => (row.suite === '' || row.suite === 'AES-256-GCM' ? row.engine : `${row.engine}, ${row.suite}`);
  const bars = results.rows.flatMap((row) => {
    const bits = row.tcp.one?.bits;
    return bits === undefined ? [] : [{ label: shorten(name(row)), value: bits / 1e9, text: `${(bits / 1e9).toFixed(2)} Gbit/s` }];
  });
  const lines = results.rows
    .filter(({ suite }) => suite === '' || suite === 'AES-256-GCM')
    .map((row) => ({
      name: row.engine,
      points: (row.udp.udp1300 ?? [])
        .map(({ offeredBits, deliveredBits }) => [offeredBits / 1e9, deliveredBits / 1e9] as const)
        .toSorted(([a], [b]) => a - b),
    }));
  const plots = new Map<string, string>();
  if (bars.length > 0) plots.set('benchmarks-esp-tcp.svg', barChart('TCP, 1 stream (logarithmic)', bars));
  if (lines.some(({ points }) => points.length > 0)) {
    const highest = Math.ceil(Math.max(...lines.flatMap(({ points }) => points.map(([x]) => x))));
    const xTicks = Array.from({ length: highest + 1 }, (_, index) => index);
    plots.set(
      'benchmarks-esp-udp.svg',
      lineChart({ title: 'UDP, 1,300-byte payload', x: 'offered, Gbit/s', y: 'delivered, Gbit/s', xTicks }, lines),
    );
  }
  if (results.tunnels.length > 0)
    plots.set(
      'benchmarks-esp-tunnels.svg',
      lineChart(
        {
          title: 'xfrmd: processor time per packet by number of tunnels',
          x: 'tunnels',
          y: 'µs',
          logarithmicX: true,
          xTicks: results.tunnels.map(({ tunnels }) => tunnels),
        },
        [
          { name: 'sending, in bursts', points: results.tunnels.map((point) => [point.tunnels, point.inBursts.sender / 1e3] as const) },
          { name: 'receiving, in bursts', points: results.tunnels.map((point) => [point.tunnels, point.inBursts.receiver / 1e3] as const) },
          { name: 'sending, in turn', points: results.tunnels.map((point) => [point.tunnels, point.inTurn.sender / 1e3] as const) },
          { name: 'receiving, in turn', points: results.tunnels.map((point) => [point.tunnels, point.inTurn.receiver / 1e3] as const) },
        ],
      ),
    );
  return plots;
}

function shorten(label: string): string {
  return label.replace('kernel-libipsec', 'libipsec').replace('AES-', '');
}
