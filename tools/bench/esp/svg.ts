/** Two kinds of plots as SVG text: bars, and lines over a logarithmic or linear axis. Pure; colours readable on white and on dark pages. */

export type Bar = { readonly label: string; readonly value: number; readonly text: string };
export type Line = { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] };
export type LinesOptions = {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly logarithmicX?: boolean;
  readonly xTicks: readonly number[];
};

const colours = ['#2f6fde', '#d9822b', '#2e9e6b', '#b04fc4', '#c23b3b', '#6b7785'];
const [width, left, top, lineHeight] = [760, 220, 48, 26];
const frame = { height: 420, left: 72, right: 190, top: 56, bottom: 60 };

/** Bars on a logarithmic scale: engines differ by more than ten times. Zero has no bar. */
export function barChart(title: string, bars: readonly Bar[]): string {
  const known = bars.map(({ value }) => value).filter((value) => value > 0);
  const smallest = 10 ** Math.floor(Math.log10(Math.min(...known)));
  const span = Math.max(1, Math.log10(Math.max(...known) / smallest));
  const room = width - left - 120;
  const rows = bars.map(({ label, value, text }, index) => {
    const y = top + index * lineHeight;
    const length = value > 0 ? Math.max(2, (Math.log10(value / smallest) / span) * room) : 0;
    return (
      `<text x="${left - 8}" y="${y + 15}" text-anchor="end">${escape(label)}</text>` +
      `<rect x="${left}" y="${y + 2}" width="${round(length)}" height="${lineHeight - 8}" fill="${colours[0]}"/>` +
      `<text x="${round(left + length + 6)}" y="${y + 15}">${escape(text)}</text>`
    );
  });
  return document(title, top + bars.length * lineHeight + 12, rows);
}

export function lineChart(options: LinesOptions, lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const place = (value: number): number => (options.logarithmicX === true ? Math.log10(value) : value);
  const xs = [...all.map(([x]) => place(x)), ...options.xTicks.map(place)];
  const [minimum, maximum] = [Math.min(...xs), Math.max(...xs)];
  const highest = niceCeiling(Math.max(...all.map(([, y]) => y), 0));
  const plot = { width: width - frame.left - frame.right, height: frame.height - frame.top - frame.bottom };
  const atX = (value: number): number => round(frame.left + ((place(value) - minimum) / Math.max(1e-9, maximum - minimum)) * plot.width);
  const atY = (value: number): number => round(frame.top + (1 - value / highest) * plot.height);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = atY(share * highest);
    return (
      `<line x1="${frame.left}" y1="${y}" x2="${frame.left + plot.width}" y2="${y}" stroke="#9aa5b1" stroke-width="0.5"/>` +
      `<text x="${frame.left - 8}" y="${y + 4}" text-anchor="end">${escape(short(share * highest))}</text>`
    );
  });
  const ticks = options.xTicks.map(
    (x) => `<text x="${atX(x)}" y="${frame.height - frame.bottom + 18}" text-anchor="middle">${short(x)}</text>`,
  );
  const drawn = lines.map(({ name, points }, index) => {
    const colour = colours[index % colours.length] ?? '';
    const path = points.map(([x, y]) => `${atX(x)},${atY(y)}`).join(' ');
    const marks = points.map(([x, y]) => `<circle cx="${atX(x)}" cy="${atY(y)}" r="3" fill="${colour}"/>`).join('');
    const y = frame.top + index * 20;
    const legend = `<rect x="${width - frame.right + 16}" y="${y}" width="12" height="12" fill="${colour}"/><text x="${width - frame.right + 34}" y="${y + 10}">${escape(name)}</text>`;
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${marks}${legend}`;
  });
  const labels = [
    `<text x="${frame.left + plot.width / 2}" y="${frame.height - 16}" text-anchor="middle">${escape(options.x)}</text>`,
    `<text x="14" y="${frame.top - 10}">${escape(options.y)}</text>`,
  ];
  return document(options.title, frame.height, [...grid, ...ticks, ...drawn, ...labels]);
}

function document(title: string, height: number, parts: readonly string[]): string {
  const style = 'font-family="system-ui, sans-serif" font-size="12" fill="#3b4652"';
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ${style}>`;
  const background = `<rect width="${width}" height="${height}" fill="#ffffff"/>`;
  return `${[head, `<title>${escape(title)}</title>`, background, `<text x="14" y="24" font-size="15">${escape(title)}</text>`, ...parts, '</svg>'].join('\n')}\n`;
}

/** 1, 2 or 5 times a power of ten, not below the value. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((factor) => factor * power >= value) ?? 10) * power;
}

function short(value: number): string {
  return value >= 1000 ? `${round(value / 1000)}k` : `${round(value)}`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
