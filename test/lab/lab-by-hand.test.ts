/** What docs/how-to/lab-by-hand.md tells: while `up` runs, a user builds a gateway, a connection and a site with the SDK and the CLI. */
import { expect, test } from 'vitest';
import { connectSdk, waitForStatus } from '@sallyport/lab';
import { UpProcess, cli, ports, withEvidence } from './up-process.ts';

const location = 'westeurope';

test('a gateway, a connection and a site with a device are built by hand', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'lab-by-hand', async () => {
    const { session, fabric } = up;
    const lab = async (...args: readonly string[]): Promise<string> => {
      const separator = args.indexOf('--');
      const own = separator === -1 ? args : args.slice(0, separator);
      const command = separator === -1 ? [] : args.slice(separator);
      return (await ports.run([cli, 'lab', ...own, '--data-dir', fabric.dataDirectory, ...command])).stdout;
    };
    const network = await connectSdk(session.arm.file);
    const group = `/subscriptions/${session.arm.file.subscriptionId}/resourceGroups/hand`;
    const idOf = (type: string, name: string): string => `${group}/providers/Microsoft.Network/${type}/${name}`;
    await session.arm.put(group, { location });

    // The site first: it is there before Azure knows of it.
    const site = JSON.parse(await lab('site', 'add', 'paris', '--prefix', '192.168.77.0/24', '--json')) as { addresses: string[] };
    expect(site.addresses[0]).toMatch(/^203\.0\.113\./);

    await network.virtualNetworks.createOrUpdate('hand', 'v', {
      location,
      addressSpace: { addressPrefixes: ['10.77.0.0/16'] },
      subnets: [
        { name: 'apps', addressPrefix: '10.77.1.0/24' },
        { name: 'GatewaySubnet', addressPrefix: '10.77.255.0/27' },
      ],
    });
    await network.networkInterfaces.createOrUpdate('hand', 'server', {
      location,
      ipConfigurations: [{ name: 'a', subnet: { id: `${idOf('virtualNetworks', 'v')}/subnets/apps` } }],
    });
    await network.publicIPAddresses.createOrUpdate('hand', 'pip', {
      location,
      sku: { name: 'Standard' },
      publicIPAllocationMethod: 'Static',
    });
    await network.virtualNetworkGateways.createOrUpdate('hand', 'gw', {
      location,
      gatewayType: 'Vpn',
      vpnType: 'RouteBased',
      sku: { name: 'VpnGw1', tier: 'VpnGw1' },
      ipConfigurations: [
        {
          name: 'a',
          subnet: { id: `${idOf('virtualNetworks', 'v')}/subnets/GatewaySubnet` },
          publicIPAddress: { id: idOf('publicIPAddresses', 'pip') },
        },
      ],
    });
    await network.localNetworkGateways.createOrUpdate('hand', 'paris', {
      location,
      gatewayIpAddress: site.addresses[0] ?? '',
      localNetworkAddressSpace: { addressPrefixes: ['192.168.77.0/24'] },
    });
    await network.virtualNetworkGatewayConnections.createOrUpdate('hand', 'to-paris', {
      location,
      connectionType: 'IPsec',
      virtualNetworkGateway1: { id: idOf('virtualNetworkGateways', 'gw') },
      localNetworkGateway2: { id: idOf('localNetworkGateways', 'paris') },
      sharedKey: 'Vive.la.clef_partagee!"\\',
    });
    const connection = idOf('connections', 'to-paris');
    await lab('site', 'add', 'paris', '--device', 'strongswan', '--connection', connection);
    await waitForStatus(session, connection, 'Connected');

    expect(await lab('exec', 'server', '--', 'ping', '-c', '3', '-i', '0.2', '192.168.77.10')).toContain(' 3 received');
    expect(await lab('exec', 'paris-host', '--', 'ping', '-c', '3', '-i', '0.2', '10.77.1.4')).toContain(' 3 received');

    await lab('client', 'add', 'laptop');
    expect(await lab('exec', 'laptop', '--', 'ping', '-c', '1', site.addresses[0] ?? '')).toContain(' 1 received');
    const places = JSON.parse(await lab('list', '--json')) as { name: string; role: string; exists: boolean }[];
    expect(
      places
        .filter(({ exists }) => exists)
        .map(({ name, role }) => `${role} ${name}`)
        .toSorted(),
    ).toEqual([
      'client laptop',
      'gateway-instance gw/IN_0',
      'network-interface server',
      'public-network public',
      'site paris',
      'site-host paris-host',
    ]);

    const refused = await ports.run([cli, 'lab', 'site', 'add', 'paris', '--prefix', '10.0.0.0/8', '--data-dir', fabric.dataDirectory], {
      okCodes: [1],
    });
    expect(refused.stderr).toBe("sallyport: there is already a site 'paris'\n");
    await lab('remove', 'paris');
    await lab('remove', 'laptop');
    expect(JSON.parse(await lab('list', '--json'))).toHaveLength(3);
  });
});
