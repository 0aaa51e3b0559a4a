/** The codec against output captured from iproute2 6.1 on Linux 6.18. */
import { expect, test } from 'vitest';
import { batchLine, parseBatchFailures, routeWords } from './batch.ts';
import { parseNamespaceNames, parseReading } from './reading.ts';

const captured = [
  '[{"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536,"addr_info":[{"family":"inet","local":"127.0.0.1","prefixlen":8,"scope":"254"},{"family":"inet6","local":"::1","prefixlen":128,"scope":"254"}]},{"ifindex":2,"link_index":2,"ifname":"l5","flags":["NO-CARRIER","BROADCAST","MULTICAST","UP"],"mtu":1500,"master":"b4","linkinfo":{"info_kind":"veth"},"ifalias":"gw-x/public","addr_info":[]}]',
  '[{"type":"1","dst":"default","gateway":"198.51.100.10","dev":"l5","table":"213","protocol":"213","scope":"0","flags":["linkdown"]},{"type":"7","dst":"default","table":"254","protocol":"213","scope":"0","metric":4278198272,"flags":[]},{"type":"1","dst":"10.8.0.0/16","table":"254","protocol":"213","scope":"0","flags":[],"nexthops":[{"dev":"l5","weight":1,"flags":["linkdown"]},{"gateway":"10.0.0.1","dev":"lo","weight":1,"flags":[]}]},{"type":"6","dst":"10.9.0.0/16","table":"254","protocol":"214","scope":"0","metric":4000,"flags":[]},{"type":"2","dst":"::1","dev":"lo","table":"255","protocol":"2","scope":"0","metric":0,"flags":[],"pref":"medium"}]',
  '[{"priority":0,"src":"all","table":"255","protocol":"2"},{"priority":1000,"src":"198.51.100.10","table":"213","protocol":"213"},{"priority":1001,"src":"10.1.255.4","dst":"172.16.0.1","table":"214","protocol":"213"}]',
  '',
].join('\n');

test('a namespace is read from three documents, IPv6 left out', () => {
  expect(parseReading(captured)).toEqual({
    links: [
      { name: 'lo', index: 1, isUp: true, mtu: 65536, addresses: ['127.0.0.1/8'] },
      { name: 'l5', index: 2, isUp: true, mtu: 1500, addresses: [], kind: 'veth', master: 'b4', alias: 'gw-x/public' },
    ],
    routes: [
      {
        type: 'unicast',
        destination: '0.0.0.0/0',
        table: 213,
        protocol: 213,
        metric: 0,
        nextHops: [{ gateway: '198.51.100.10', device: 'l5' }],
      },
      { type: 'unreachable', destination: '0.0.0.0/0', table: 254, protocol: 213, metric: 4278198272, nextHops: [] },
      {
        type: 'unicast',
        destination: '10.8.0.0/16',
        table: 254,
        protocol: 213,
        metric: 0,
        nextHops: [{ device: 'l5' }, { gateway: '10.0.0.1', device: 'lo' }],
      },
      { type: 'blackhole', destination: '10.9.0.0/16', table: 254, protocol: 214, metric: 4000, nextHops: [] },
    ],
    rules: [
      { priority: 0, source: 'all', table: 255, protocol: 2 },
      { priority: 1000, source: '198.51.100.10', table: 213, protocol: 213 },
      { priority: 1001, source: '10.1.255.4', destination: '172.16.0.1', table: 214, protocol: 213 },
    ],
  });
});

test('a truncated output is an error and not an empty namespace', () => {
  expect(() => parseReading('[]\n[]\n')).toThrow('expected three JSON documents from ip, got 2');
});

test('no namespaces at all print nothing', () => {
  expect(parseNamespaceNames('')).toEqual([]);
  expect(parseNamespaceNames('[{"name":"a"},{"name":"b","id":0}]')).toEqual(['a', 'b']);
});

test('routes become words that read back as the same route', () => {
  const [tableDefault, , several, blackhole] = parseReading(captured).routes;
  expect([tableDefault, several, blackhole].map((route) => (route === undefined ? [] : routeWords(route)).join(' '))).toEqual([
    '0.0.0.0/0 table 213 protocol 213 via 198.51.100.10 dev l5',
    '10.8.0.0/16 protocol 213 nexthop dev l5 nexthop via 10.0.0.1 dev lo',
    'blackhole 10.9.0.0/16 protocol 214 metric 4000',
  ]);
});

test('a word with a space or a line break never reaches a batch', () => {
  expect(() => batchLine('link', 'set', 'a b')).toThrow('not a word for ip');
  expect(() => batchLine('link', 'set', 'a\nnetns del x')).toThrow('not a word for ip');
});

test('failed lines of a batch are found with their reasons', () => {
  const stderr = 'RTNETLINK answers: File exists\nCommand failed -:2\nError: Nexthop has invalid gateway.\nCommand failed -:3\n';
  expect(parseBatchFailures(['a', 'b', 'c', 'd'], stderr)).toEqual([
    { line: 'b', message: 'File exists' },
    { line: 'c', message: 'Nexthop has invalid gateway' },
  ]);
});
