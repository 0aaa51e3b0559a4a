/** `client.json`, what a script needs to sign in: written 0600 when the server is ready. */
import { join } from 'node:path';
import { keepWholeFile } from '@sallyport/runtime';

export type ClientFile = {
  readonly endpoint: string;
  readonly caFile: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly clientId: string;
  readonly clientSecret: string;
};

export function writeClientFile(directory: string, content: ClientFile): void {
  keepWholeFile(join(directory, 'client.json'), `${JSON.stringify(content, undefined, 2)}\n`);
}
