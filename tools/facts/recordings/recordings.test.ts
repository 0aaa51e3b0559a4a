/** Recordings of the three published forms become the same table; what differs from run to run is gone from it. Made-up recordings. */
import { expect, test } from 'vitest';
import { fold } from './fold.ts';
import { readRecording } from './read.ts';
import { parseVcr } from './vcr.ts';

const base = 'https://management.azure.com/subscriptions/3f6c5b0a-0000-4000-8000-000000000001';
const thing = `${base}/resourceGroups/my-group/providers/Microsoft.Network/connections/c?api-version=2021-08-01`;
const body = { location: 'eastus', properties: { sharedKey: 'not so secret', routingWeight: 10 } };
const answer = (state: string): object => ({
  name: 'c',
  id: '/subscriptions/3f6c5b0a-0000-4000-8000-000000000001/resourceGroups/my-group/providers/Microsoft.Network/connections/c',
  etag: 'W/"11111111-2222-3333-4444-555555555555"',
  location: 'eastus',
  properties: { provisioningState: state, routingWeight: 10, publicAddress: '20.1.2.3', prefixes: [], note: "it's\nfree text" },
});
const operation = `${base}/providers/Microsoft.Network/locations/eastus/operations/77777777-2222-3333-4444-555555555555?api-version=2021-08-01`;

type Told = {
  readonly method: string;
  readonly url: string;
  readonly sent?: object;
  readonly status: number;
  readonly headers?: object;
  readonly got: object;
};
const session: readonly Told[] = [
  {
    method: 'PUT',
    url: thing,
    sent: body,
    status: 201,
    headers: { 'Azure-AsyncOperation': operation, Date: 'today' },
    got: answer('Updating'),
  },
  { method: 'GET', url: operation, status: 200, got: { status: 'InProgress' } },
  { method: 'GET', url: operation, status: 200, got: { status: 'Succeeded' } },
  { method: 'GET', url: thing, status: 200, headers: { ETag: 'W/"x"' }, got: answer('Succeeded') },
  { method: 'GET', url: thing, status: 200, headers: { ETag: 'W/"y"' }, got: answer('Succeeded') },
];

const testProxy = JSON.stringify({
  Entries: session.map(({ method, url, sent, status, headers, got }) => ({
    RequestUri: url,
    RequestMethod: method,
    RequestBody: sent ?? null,
    StatusCode: status,
    ResponseHeaders: headers ?? {},
    ResponseBody: got,
  })),
});
const powershell = JSON.stringify({
  Entries: session.map(({ method, url, sent, status, headers, got }) => ({
    RequestUri: url.slice('https://management.azure.com'.length),
    RequestMethod: method,
    RequestBody: sent === undefined ? '' : JSON.stringify(sent),
    StatusCode: status,
    ResponseHeaders: headers ?? {},
    ResponseBody: JSON.stringify(got, undefined, 2),
  })),
});
const vcr = `interactions:\n${session
  .map(
    ({ method, url, sent, status, headers, got }) =>
      `- request:\n    body: ${sent === undefined ? 'null' : `'${JSON.stringify(sent)}'`}\n    headers: {}\n    method: ${method}\n    uri: ${url}\n` +
      `  response:\n    body:\n      string: ${JSON.stringify(JSON.stringify(got))}\n    headers:${Object.entries(headers ?? {})
        .map(([name, value]) => `\n      ${name}:\n      - ${String(value)}`)
        .join('')}\n    status:\n      code: ${status}\n      message: OK\n`,
  )
  .join('')}version: 1\n`;

test.each([
  ['x.json', testProxy],
  ['x.json', powershell],
  ['x.yaml', vcr],
])('%s', (name, text) => {
  const path = '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Network/connections/c';
  const shape = (state: string): object => ({
    name: 'c',
    id: path,
    etag: '{etag}',
    location: '{location}',
    properties: { provisioningState: state, routingWeight: 10, publicAddress: '{address}', prefixes: [], note: '{string}' },
  });
  expect(fold('x', readRecording(name, text))).toEqual({
    source: 'x',
    exchanges: [
      {
        method: 'PUT',
        path,
        apiVersion: '2021-08-01',
        body: { location: '{location}', properties: { sharedKey: '{secret}', routingWeight: 10 } },
        status: 201,
        headers: ['azure-asyncoperation'],
        answer: shape('Updating'),
        ends: 'Succeeded',
      },
      { method: 'GET', path, apiVersion: '2021-08-01', status: 200, headers: ['etag'], answer: shape('Succeeded') },
    ],
  });
});

test("the YAML of azure-cli's recorder: folded lines, both quotes, escapes, empty maps", () => {
  const source = [
    'a:',
    '- b: "{\\r\\n  \\"c\\": \\"W/\\\\\\"d\\\\\\"\\",\\r\\n\\',
    '    \\  \\"e\\": \\"f\\"}"',
    "  g: 'it''s one",
    '    line',
    '',
    "    and another'",
    '  h:',
    '  - plain text that',
    '    goes on',
    '  i: {}',
    "  j: '12'",
    '  k: 12',
    'version: 1',
    '',
  ].join('\n');
  expect(parseVcr(source)).toEqual({
    a: [
      {
        b: '{\r\n  "c": "W/\\"d\\"",\r\n  "e": "f"}',
        g: "it's one line\nand another",
        h: ['plain text that goes on'],
        i: {},
        j: '12',
        k: 12,
      },
    ],
    version: 1,
  });
});
