/**
 * Lines for `ip -force -batch -`: many changes in one process. `-force` goes on past a line the kernel refuses and names
 * it on stderr; a line iproute2 can't parse ends the whole batch, so words are checked here. Not an executor.
 */
import { IprouteError } from './reading.ts';
import type { IpRoute } from './reading.ts';

/** One line. @throws IprouteError for a word that could be taken for several, or none. */
export function batchLine(...words: readonly (string | number)[]): string {
  for (const word of words)
    if (!/^[A-Za-z0-9._:/@%-]+$/.test(String(word))) throw new IprouteError(`not a word for ip: ${JSON.stringify(word)}`);
  return words.join(' ');
}

export function routeWords(route: IpRoute): readonly (string | number)[] {
  const [only, ...more] = route.nextHops;
  const isSeveral = more.length > 0;
  return [
    ...(route.type === 'unicast' ? [] : [route.type]),
    route.destination,
    ...(route.table === 254 ? [] : ['table', route.table]),
    'protocol',
    route.protocol,
    ...(route.metric === 0 ? [] : ['metric', route.metric]),
    ...(route.source === undefined ? [] : ['src', route.source]),
    ...(isSeveral ? route.nextHops.flatMap((hop) => ['nexthop', ...hopWords(hop)]) : hopWords(only)),
  ];
}

function hopWords(hop: IpRoute['nextHops'][number] | undefined): readonly string[] {
  return [...(hop?.gateway === undefined ? [] : ['via', hop.gateway]), ...(hop?.device === undefined ? [] : ['dev', hop.device])];
}

export type BatchFailure = { readonly line: string; readonly message: string };

/**
 * Which lines of a batch failed and why, from its stderr: iproute2 prints the reason, then `Command failed -:<line>`.
 * A batch that ended early fails all its remaining lines.
 */
export function parseBatchFailures(lines: readonly string[], stderr: string): readonly BatchFailure[] {
  const failures: BatchFailure[] = [];
  let reasons: string[] = [];
  for (const row of stderr.split('\n').filter((text) => text.trim() !== '')) {
    const match = /^Command failed -:(\d+)$/.exec(row.trim());
    if (match === null) reasons.push(row.trim());
    else {
      const line = lines[Number(match[1]) - 1] ?? '';
      failures.push({ line, message: reasons.map(plain).join('; ') });
      reasons = [];
    }
  }
  if (reasons.length > 0) failures.push({ line: lines.at(-1) ?? '', message: reasons.map(plain).join('; ') });
  return failures;
}

function plain(reason: string): string {
  return reason.replace(/^(RTNETLINK answers|Error): /, '').replace(/\.$/, '');
}
