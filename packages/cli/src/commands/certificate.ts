/** `sallyport certificate`: the outbound certificates of connections, which Azure keeps in a Key Vault. */
import { readFileSync } from 'node:fs';
import { ArmClient, ArmError, member, openFabric, readClientFile } from '@sallyport/lab';
import type { Command } from '../command.ts';
import { UsageError, dataDirectory, dataDirectoryOption, parseOptions, print, printJson } from '../command.ts';
import { systemPorts } from '../system-ports.ts';
import { printTable } from '../table.ts';

const collection = '/providers/Sallyport.KeyVault/certificates';

export const certificate: Command = {
  summary: 'import, list and remove the certificates that connections show to their devices',
  help: `
Usage:
  sallyport certificate import NAME FILE [--password-file F]
      FILE is PEM (certificate, issuers, private key) or PKCS#12. A connection names it by any Key Vault id that ends in
      /certificates/NAME or /secrets/NAME. Importing another under the same name renews it.
  sallyport certificate list [--json]
  sallyport certificate remove NAME

Options:
  --password-file F   holds the password of a PKCS#12 file; without it, the password is empty
  --data-dir DIR      the control plane's (default: /var/lib/sallyport)`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, {
      ...dataDirectoryOption,
      'password-file': { type: 'string' },
      json: { type: 'boolean' },
    });
    const [verb, name, file, ...more] = positionals;
    using arm = new ArmClient(readClientFile(openFabric(dataDirectory(values['data-dir'])).dataDirectory));
    if (verb === 'import' && name !== undefined && file !== undefined && more.length === 0) {
      const view = await arm.put(`${collection}/${name}`, { value: await readPem(file, values['password-file']) });
      print(`${name}: ${String(member(view, 'subject'))}, until ${String(member(view, 'notAfter'))}`);
      return 0;
    }
    if (verb === 'list' && name === undefined) {
      const found = (member(await arm.get(collection), 'value') ?? []) as readonly unknown[];
      if (values.json === true) printJson(found);
      else
        printTable(
          ['NAME', 'SUBJECT', 'UNTIL', 'THUMBPRINT'],
          found.map((one) => ['name', 'subject', 'notAfter', 'thumbprint'].map((key) => String(member(one, key)))),
        );
      return 0;
    }
    if (verb === 'remove' && name !== undefined && file === undefined) {
      const { status, body } = await arm.send('DELETE', `${collection}/${name}`);
      if (status >= 400)
        throw new ArmError(`DELETE ${name}`, status, String(member(body, 'error', 'code')), String(member(body, 'error', 'message')));
      return 0;
    }
    throw new UsageError('certificate needs import NAME FILE, list, or remove NAME');
  },
};

/** PKCS#12 is opened by openssl(1); the password goes to it by a file, the result stays in memory. */
async function readPem(file: string, passwordFile: string | undefined): Promise<string> {
  const bytes = readFileSync(file);
  if (bytes.includes('-----BEGIN')) return bytes.toString('utf8');
  const password = passwordFile === undefined ? 'pass:' : `file:${passwordFile}`;
  const { stdout } = await systemPorts().run(['openssl', 'pkcs12', '-in', file, '-nodes', '-passin', password]);
  return stdout;
}
