/** Commands to copy: how to drive a running fabric with az, with the SDK, and from inside the lab. */
import { join } from 'node:path';
import type { ClientFile } from '@sallyport/lab';
import { shellWord } from '@sallyport/runtime';
import { clone } from './installation.ts';

/** @param host a simulated one has no inside to run commands in. */
export function signInHelp(
  client: ClientFile,
  resourceGroup: string,
  dataDirectory: string,
  host: 'real' | 'simulated' = 'real',
): readonly string[] {
  const [directory, caFile] = [shellWord(dataDirectory), shellWord(client.caFile)];
  const clientFile = shellWord(join(dataDirectory, 'client.json'));
  const secret = `"$(sed -n 's/.*"clientSecret": *"\\([^"]*\\)".*/\\1/p' ${clientFile})"`;
  const sdk = [
    `import { readFileSync } from 'node:fs'; import { ClientSecretCredential } from '@azure/identity'; import { NetworkManagementClient } from '@azure/arm-network';`,
    `const c = JSON.parse(readFileSync(process.env.SALLYPORT_CLIENT));`,
    `const credential = new ClientSecretCredential(c.tenantId, c.clientId, c.clientSecret, { authorityHost: c.endpoint, disableInstanceDiscovery: true });`,
    `const network = new NetworkManagementClient(credential, c.subscriptionId, { endpoint: c.endpoint });`,
    `console.log(await network.virtualNetworkGatewayConnections.get('${resourceGroup}', 'hq-site1'));`,
  ];
  return [
    '',
    `The API is at ${client.endpoint}. Sign in with az:`,
    '',
    `  export AZURE_CONFIG_DIR=$(mktemp -d) REQUESTS_CA_BUNDLE=${caFile}`,
    `  export PYTHONPATH=${shellWord(join(clone, 'test', 'tools', 'az-network-shim'))}  # only for Debian 12's az (docs/how-to/first-tunnel.md)`,
    `  az cloud register -n sallyport --endpoint-resource-manager ${client.endpoint}`,
    '  az cloud set -n sallyport',
    `  az login --service-principal -u ${client.clientId} -p ${secret} --tenant ${client.tenantId}`,
    `  az network vpn-connection show -g ${resourceGroup} -n hq-site1 -o table`,
    '',
    'With the SDK, in this clone:',
    '',
    `  cd ${shellWord(clone)} && SALLYPORT_CLIENT=${clientFile} NODE_EXTRA_CA_CERTS=${caFile} node_modules/.bin/node --input-type=module -e "`,
    ...sdk.map((line) => `    ${line}`),
    '  "',
    '',
    'And by hand:',
    '',
    `  npx sallyport status --data-dir ${directory}`,
    ...(host === 'simulated'
      ? []
      : [
          `  npx sallyport lab exec vm1 --data-dir ${directory} -- ping -c 3 192.168.0.10`,
          `  npx sallyport lab site add branch --prefix 192.168.50.0/24 --data-dir ${directory}`,
        ]),
  ];
}
