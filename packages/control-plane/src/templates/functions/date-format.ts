/** Dates in .NET's format strings (`yyyy-MM-dd`, standard `d`, `u`, `o`, …), UTC, invariant culture. */
const standard: Readonly<Record<string, string>> = {
  d: 'MM/dd/yyyy',
  D: 'dddd, dd MMMM yyyy',
  g: 'MM/dd/yyyy HH:mm',
  G: 'MM/dd/yyyy HH:mm:ss',
  o: "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
  O: "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
  s: "yyyy-MM-dd'T'HH:mm:ss",
  t: 'HH:mm',
  T: 'HH:mm:ss',
  u: "yyyy-MM-dd HH:mm:ss'Z'",
};

const element = /'(?<quoted>[^']*)'|yyyy|yy|MMMM|MMM|MM|M|dddd|ddd|dd|d|HH|H|hh|h|mm|m|ss|s|f+|tt|K|\\(?<escaped>.)/g;

export function printDate(date: Date, format: string): string {
  const pattern = format.length === 1 ? (standard[format] ?? format) : format;
  return pattern.replace(
    element,
    (token: string, quoted: string | undefined, escaped: string | undefined) => quoted ?? escaped ?? print(date, token),
  );
}

function print(date: Date, token: string): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const named = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' }).format(date);
  const hour12 = ((date.getUTCHours() + 11) % 12) + 1;
  const elements: Readonly<Record<string, () => string>> = {
    yyyy: () => String(date.getUTCFullYear()).padStart(4, '0'),
    yy: () => two(date.getUTCFullYear() % 100),
    MMMM: () => named({ month: 'long' }),
    MMM: () => named({ month: 'short' }),
    MM: () => two(date.getUTCMonth() + 1),
    M: () => String(date.getUTCMonth() + 1),
    dddd: () => named({ weekday: 'long' }),
    ddd: () => named({ weekday: 'short' }),
    dd: () => two(date.getUTCDate()),
    d: () => String(date.getUTCDate()),
    HH: () => two(date.getUTCHours()),
    H: () => String(date.getUTCHours()),
    hh: () => two(hour12),
    h: () => String(hour12),
    mm: () => two(date.getUTCMinutes()),
    m: () => String(date.getUTCMinutes()),
    ss: () => two(date.getUTCSeconds()),
    s: () => String(date.getUTCSeconds()),
    tt: () => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
    K: () => 'Z',
  };
  if (token.startsWith('f')) return String(date.getUTCMilliseconds()).padStart(3, '0').padEnd(7, '0').slice(0, token.length);
  return elements[token]?.() ?? token;
}
