/** `sallyport history`: what IKE said and did about one connection, from the rings on this host. Needs neither agent nor control plane. */
import { readStoredHistories } from '@sallyport/agent';
import { openFabric } from '@sallyport/lab';
import { ikeDiagnosticMessage } from '@sallyport/model';
import type { IkeHistoryEntry } from '@sallyport/model';
import type { Command } from '../command.ts';
import { UsageError, dataDirectory, dataDirectoryOption, parseOptions, print, printJson } from '../command.ts';
import { agentPaths } from '../installation.ts';

export const history: Command = {
  summary: "a connection's IKE exchanges, proposals, results, ups and downs",
  help: `
Usage: sallyport history CONNECTION [--data-dir DIR] [--last N] [--tunnel] [--json]

CONNECTION is a name or a resource id. Oldest first; kept over restarts, about half a megabyte for each connection.

Options:
  --last N    only the newest N entries
  --tunnel    only when the tunnel came and went, and why`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, {
      ...dataDirectoryOption,
      last: { type: 'string' },
      tunnel: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const [connection, ...more] = positionals;
    if (connection === undefined || more.length > 0) throw new UsageError('history needs the name or the id of one connection');
    const last = values.last === undefined ? Infinity : Number(values.last);
    if (!(last > 0)) throw new UsageError(`--last needs a number; '${values.last ?? ''}' is none`);
    const found = readStoredHistories(agentPaths(openFabric(dataDirectory(values['data-dir']))), [connection]);
    if (found.length === 0) throw new UsageError(`this host has no tunnel of a connection '${connection}'`);
    const chosen = found.map(({ connection: id, entries }) => {
      const kept = values.tunnel === true ? entries.filter(({ category }) => category === 'TunnelDiagnosticLog') : entries;
      return { connection: id, entries: kept.slice(Number.isFinite(last) ? -last : 0) };
    });
    if (values.json === true) printJson(chosen);
    for (const { connection: id, entries } of values.json === true ? [] : chosen) {
      if (chosen.length > 1) print(id);
      for (const entry of entries) print(historyLine(entry));
      if (entries.length === 0) print('nothing yet');
    }
    return Promise.resolve(0);
  },
};

export function historyLine(entry: IkeHistoryEntry): string {
  const { at, category, tags, message, remote } = entry;
  if (category === 'IKEDiagnosticLog') return `${at} ${ikeDiagnosticMessage(entry)}`;
  return `${at} ${tags.join(' ')} ${remote}${message === '' ? '' : `: ${message}`}`;
}
