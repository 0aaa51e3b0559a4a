/** The tag `sallyport:bandwidth` where it does nothing, over the API; and what a gateway dropped for it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idOf, siteGroup, startSiteToSite } from '../testing/site-to-site.ts';
import type { TestServer } from '../testing/test-server.ts';
import { bandwidthConditions } from './bandwidth-conditions.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startSiteToSite();
});
afterAll(() => server.stop());

const tags = { 'Sallyport:Bandwidth': '50Mbps' };
const told = async (): Promise<readonly unknown[]> => {
  const { body } = await server.client.send('GET', `${siteGroup}/providers/Sallyport.Health/conditions`);
  return (body.value as { code: string; resource?: string }[]).flatMap(({ code, resource }) =>
    code === 'TagNotInEffect' ? [resource] : [],
  );
};

test('on a gateway the tag is in effect, on anything else a condition says that it is not', async () => {
  await server.client.run('PATCH', idOf('virtualNetworkGateways', 'gw'), { tags });
  expect(await told()).toEqual([]);
  await server.client.run('PATCH', idOf('connections', 'hq-site'), { tags });
  await server.client.send('PATCH', siteGroup, { body: { tags } });
  expect(await told()).toEqual([idOf('connections', 'hq-site'), siteGroup]);
});

test('what a gateway dropped is a note of the gateway; a bandwidth that was never reached is none', () => {
  const place = { resource: 'gw', host: 'h1', role: 'IN_0' };
  const filter = (droppedToSites: number, droppedFromSites: number): Parameters<typeof bandwidthConditions>[1] => [
    { name: 'filter', isHealthy: true, bandwidth: { bitsPerSecond: 64_000, droppedToSites, droppedFromSites } },
  ];
  expect(bandwidthConditions(place, filter(0, 0))).toEqual([]);
  expect(bandwidthConditions(place, filter(988, 1))).toEqual([
    {
      code: 'BandwidthExceeded',
      severity: 'note',
      title: 'Packets over the bandwidth were dropped',
      text: 'instance IN_0 may carry 0.064 Mbit/s each way and has dropped what was over it since its filter was loaded: 988 packets to sites, 1 from sites',
      resource: 'gw',
      host: 'h1',
    },
  ]);
});
