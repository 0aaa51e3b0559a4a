/** What people copy must work in a folder of any name. That the commands do what they say is the conformance tests' and the docs'. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { signInHelp } from './sign-in-help.ts';

const client = {
  endpoint: 'https://127.0.0.1:8443',
  caFile: "/tmp/it's here/ca.pem",
  clientId: 'c',
  clientSecret: 's',
  tenantId: 't',
  subscriptionId: 'u',
};

test('a folder with a space and a quote is one word of every command', () => {
  const help = signInHelp(client, 'rg', "/tmp/it's here");
  const words = (start: string): readonly string[] => {
    const line = help.find((one) => one.trimStart().startsWith(start)) ?? '';
    return execFileSync('sh', ['-c', `printf '%s\\n' ${line.replace(/ {2}#.*/, '').replace('$(mktemp -d)', 'DIR')}`], {
      encoding: 'utf8',
    }).split('\n');
  };
  expect(words('npx sallyport status')).toEqual(['npx', 'sallyport', 'status', '--data-dir', "/tmp/it's here", '']);
  expect(words('npx sallyport lab exec')).toContain("/tmp/it's here");
  expect(words('export AZURE_CONFIG_DIR')).toEqual(['export', 'AZURE_CONFIG_DIR=DIR', "REQUESTS_CA_BUNDLE=/tmp/it's here/ca.pem", '']);
  const all = help.filter((line) => line.startsWith('  ')).join('\n');
  expect(execFileSync('sh', ['-n'], { input: all, encoding: 'utf8' })).toBe('');
});
