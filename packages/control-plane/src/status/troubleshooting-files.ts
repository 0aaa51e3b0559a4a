/**
 * The log files of a diagnosis, where Azure fills a storage account: DATA/troubleshooting/GROUP/TYPE-NAME, the newest diagnosis of each
 * target. No keys, no packets; what is in them is the caller's.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionObservation } from '@sallyport/model';

export type TextFile = { readonly name: string; readonly text: string };

/** @returns the folder. */
export function writeTroubleshootingFiles(
  dataDirectory: string,
  target: { readonly group: string; readonly type: string; readonly name: string },
  files: readonly TextFile[],
): string {
  // The prefixes keep names like `..` from meaning anything.
  const folder = join(dataDirectory, 'troubleshooting', `group-${target.group}`, `${target.type}-${target.name}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const { name, text } of files) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return folder;
}

/** As Azure's ConnectionStats.txt has it, a block for each tunnel. */
export function connectionStats(observations: readonly ConnectionObservation[]): string {
  const block = (seen: ConnectionObservation): string =>
    [
      `Connectivity State : ${seen.status}`,
      `Remote Tunnel Endpoint : ${seen.ikeSas.map(({ remoteAddress }) => remoteAddress).join(', ')}`,
      `Ingress Bytes (since last connected) : ${seen.ingressBytes} B`,
      `Egress Bytes (Since last connected) : ${seen.egressBytes} B`,
      `Connected Since : ${seen.status === 'Connected' ? (seen.lastEstablishedAt ?? '') : ''}`,
      '',
    ].join('\n');
  return observations.map(block).join('\n');
}
