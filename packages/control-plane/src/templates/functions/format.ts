/** `format('{0}-{1:D3}', …)`: .NET composite formatting, its plain, decimal, hexadecimal and fixed-point forms. */
import { printValue, type Arguments } from './function.ts';

const item = /\{\{|\}\}|\{(?<index>\d+)(?:,(?<width>-?\d+))?(?::(?<style>[^}]*))?\}/g;

export function formatText(args: Arguments): string {
  const template = args.text(0);
  return template.replace(item, (whole, index: string | undefined, width: string | undefined, style: string | undefined) => {
    if (index === undefined) return whole.slice(1);
    const position = Number(index) + 1;
    if (!args.has(position)) args.fail(`the format item '${whole}' has no argument.`);
    const text = style === undefined || style === '' ? printValue(args.any(position)) : styled(args, position, style);
    const columns = Number(width ?? 0);
    return columns < 0 ? text.padEnd(-columns) : text.padStart(columns);
  });
}

function styled(args: Arguments, position: number, style: string): string {
  const parts = /^(?<letter>[dxfn])(?<digits>\d*)$/i.exec(style)?.groups;
  const value = args.any(position);
  if (parts === undefined || typeof value !== 'number')
    return args.fail(`the format '${style}' is not supported for argument ${position}.`);
  const digits = parts['digits'] === '' ? undefined : Number(parts['digits']);
  const letter = parts['letter'] ?? '';
  switch (letter) {
    case 'd':
    case 'D':
      return `${value < 0 ? '-' : ''}${String(Math.abs(Math.trunc(value))).padStart(digits ?? 0, '0')}`;
    case 'x':
      return value.toString(16).padStart(digits ?? 0, '0');
    case 'X':
      return value
        .toString(16)
        .toUpperCase()
        .padStart(digits ?? 0, '0');
    case 'n':
    case 'N':
      return value.toLocaleString('en-US', { minimumFractionDigits: digits ?? 2, maximumFractionDigits: digits ?? 2 });
    default:
      return value.toFixed(digits ?? 2);
  }
}
