/** `client.json`, what a script needs to sign in: written 0600 when the server is ready. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeWholeFile } from '@sallyport/runtime';

export type ClientFile = {
  readonly endpoint: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

export function writeClientFile(directory: string, content: ClientFile): void {
  const file = join(directory, 'client.json');
  const text = `${JSON.stringify(content, undefined, 2)}\n`;
  // Started again on a full disk, the control plane has nothing to write, and answers what it knows.
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return;
  writeWholeFile(file, text);
}
