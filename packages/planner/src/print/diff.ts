/**
 * What changes from one plan to the next, as text: objects added (`+`), removed (`-`) and changed (`~`, with its old and new
 * lines). Only what differs is printed. Ends with a newline.
 */
import type { Plan } from '@sallyport/model';
import { blocksOf, type Block } from './lines.ts';

export function printDiff(before: Plan | undefined, after: Plan): string {
  const head = `plan ${before?.number ?? 'none'} to ${after.number}`;
  const old = new Map((before === undefined ? [] : blocksOf(before)).map((block) => [block.key, block]));
  const now = new Map(blocksOf(after).map((block) => [block.key, block]));
  const removed = [...old.values()].filter(({ key }) => !now.has(key)).map((block) => marked('-', block));
  const present = [...now.values()].flatMap((block) => {
    const was = old.get(block.key);
    return was === undefined ? marked('+', block) : changed(was, block);
  });
  const parts = [...removed, ...present];
  return `${[head, ...(parts.length === 0 ? ['nothing changes'] : parts)].join('\n\n')}\n`;
}

function marked(sign: '+' | '-', { title, lines }: Block): string {
  return [`${sign} ${title}`, ...lines.map((line) => `${sign}   ${line}`)].join('\n');
}

/** Lines are compared as a set in order: an unchanged line is left out, moved ones do not occur (plans are sorted). */
function changed(was: Block, now: Block): string | [] {
  const [before, after] = [new Set(was.lines), new Set(now.lines)];
  const gone = was.lines.filter((line) => !after.has(line));
  const come = now.lines.filter((line) => !before.has(line));
  if (gone.length === 0 && come.length === 0) return [];
  return [`~ ${now.title}`, ...gone.map((line) => `-   ${line}`), ...come.map((line) => `+   ${line}`)].join('\n');
}
