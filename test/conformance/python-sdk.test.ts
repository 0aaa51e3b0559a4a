/** Microsoft's Python SDK, as packaged by Debian and unmodified, builds and removes the site-to-site scenario. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { systemCommands } from '@sallyport/runtime';
import { startTestServer } from '@sallyport/control-plane/testing';

const script = fileURLToPath(new URL('python/site_to_site.py', import.meta.url));

test('the whole scenario, pollers included', async () => {
  const server = await startTestServer({ store: 'memory' });
  try {
    await server.startAgent();
    const env = { HOME: server.directory, REQUESTS_CA_BUNDLE: server.client.file.caFile, PYTHONDONTWRITEBYTECODE: '1', LC_ALL: 'C.UTF-8' };
    const argv = ['/usr/bin/python3', '-W', 'ignore', script, join(server.directory, 'client.json')];
    const { stdout } = await systemCommands.run(argv, { env, timeoutMs: 120_000 });
    expect(JSON.parse(stdout)).toEqual({
      vnet: ['Succeeded', 'apps', 'Succeeded'],
      address: expect.stringMatching(/^198\.51\.100\.\d+$/),
      interface: '10.1.0.4',
      gateway: ['Succeeded', 'VpnGw2AZ', 65515],
      connection: ['Succeeded', 'IPsec'],
      status: 'Connected',
      key: ['Python.Key.1', 'Python.Key.2'],
      'reset key': 64,
      'key length': 64,
      sas: expect.stringContaining('"IkeSAs"'),
      weight: 7,
      tags: { by: 'python' },
      'nat rule': 'EgressSnat',
      'nat rules': ['out'],
      routes: ['10.1.0.0/16', '192.168.0.0/24'],
      reset: 'gw',
      'connections of gateway': ['hq-to-site'],
      'check address': false,
      listed: [
        'connections',
        'localNetworkGateways',
        'networkInterfaces',
        'publicIPAddresses',
        'virtualNetworkGateways',
        'virtualNetworks',
      ].map((type) => `Microsoft.Network/${type}`),
      'delete in use': [400, 'VirtualNetworkGatewayCannotBeDeleted'],
      none: [404, 'ResourceNotFound'],
      'group left': false,
    });
  } finally {
    await server.stop();
  }
});
