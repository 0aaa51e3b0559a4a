/** Many clients at once: nobody sees a 500, every operation ends, and what is stored holds together. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock, until } from '@sallyport/runtime';
import { startTestServer, testSubscription, type TestServer } from '@sallyport/control-plane/testing';

type Answer = Awaited<ReturnType<TestServer['client']['send']>>;

const subscription = `/subscriptions/${testSubscription}`;
const version = '?api-version=2025-05-01';
const location = 'westeurope';
const vnet = (index: number, subnets: readonly unknown[] = []): unknown => ({
  location,
  properties: { addressSpace: { addressPrefixes: [`10.${index % 250}.0.0/16`] }, subnets },
});
const subnet = { name: 's', properties: { addressPrefix: '10.1.0.0/24' } };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startAgent();
});
afterAll(() => server.stop());

const put = (url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  server.client.send('PUT', `${url}${version}`, { body, headers });
const get = (url: string): Promise<Answer> => server.client.send('GET', `${url}${version}`);
const remove = (url: string): Promise<Answer> => server.client.send('DELETE', `${url}${version}`);
const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<readonly T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const networkOf = async (name: string): Promise<string> => {
  await put(`${subscription}/resourceGroups/${name}`, { location });
  return `${subscription}/resourceGroups/${name}/providers/Microsoft.Network`;
};
const kindOf = ({ status, body }: Answer): string => (status < 400 ? String(status) : `${status} ${body.error.code}`);
const countsOf = (answers: readonly Answer[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(answers, kindOf)].map(([kind, all]) => [kind, all.length]));

/** Waits until the operations of these answers are over; how each ended. */
async function endings(answers: readonly Answer[]): Promise<ReadonlySet<string>> {
  const urls = answers.flatMap(({ headers }) => headers['azure-asyncoperation'] ?? []);
  const ended = await Promise.all(
    urls.map((url) =>
      until(
        () => server.client.send('GET', url),
        ({ body }) => body.status !== 'InProgress',
        { because: 'the operation ends', clock: systemClock },
      ),
    ),
  );
  return new Set(ended.map(({ body }) => String(body.status)));
}

test('200 PUTs of different resources all succeed', async () => {
  const network = await networkOf('different');
  const answers = await times(200, (index) => put(`${network}/virtualNetworks/v${index}`, vnet(index)));
  expect(countsOf(answers)).toEqual({ '201': 200 });
  expect(await endings(answers)).toEqual(new Set(['Succeeded']));
  const { body } = await get(`${network}/virtualNetworks`);
  expect(new Set(body.value.map((one: { properties: { provisioningState: string } }) => one.properties.provisioningState))).toEqual(
    new Set(['Succeeded']),
  );
  expect(body.value).toHaveLength(200);
});

test('of 50 PUTs of one resource one is taken at a time, the others are told to come back', async () => {
  const network = await networkOf('same');
  const answers = await times(50, (index) => put(`${network}/virtualNetworks/v`, vnet(index)));
  expect(new Set(Object.keys(countsOf(answers)))).toEqual(new Set(['201', '429 AnotherOperationInProgress']));
  expect(answers.filter(({ status }) => status === 429).every(({ headers }) => headers['retry-after'] !== undefined)).toBe(true);
  expect(await endings(answers)).toEqual(new Set(['Succeeded']));
});

test('a network that interfaces are moving into can neither be deleted nor lose the subnet', async () => {
  const network = await networkOf('dependents');
  await server.client.run('PUT', `${network}/virtualNetworks/v${version}`, vnet(1, [subnet]));
  const nic = {
    location,
    properties: { ipConfigurations: [{ name: 'i', properties: { subnet: { id: `${network}/virtualNetworks/v/subnets/s` } } }] },
  };
  const [made, refused] = await Promise.all([
    times(30, (index) => put(`${network}/networkInterfaces/n${index}`, nic)),
    times(10, (index) => (index % 2 === 0 ? remove(`${network}/virtualNetworks/v`) : put(`${network}/virtualNetworks/v`, vnet(1)))),
  ]);
  expect(countsOf(made)).toEqual({ '201': 30 });
  expect(countsOf(refused)).toEqual({ '400 InUseSubnetCannotBeDeleted': 10 });
  expect(await endings(made)).toEqual(new Set(['Succeeded']));
  const addresses = made.map(({ body }) => body.properties.ipConfigurations[0].properties.privateIPAddress);
  expect(new Set(addresses).size).toBe(30);
});

test('PUT and DELETE of one resource in a storm end in one of the two', async () => {
  const network = await networkOf('storm');
  const answers: Answer[] = [];
  for (let round = 0; round < 5; round += 1)
    answers.push(
      ...(await times(6, (index) =>
        index % 2 === 0 ? put(`${network}/virtualNetworks/v`, vnet(1)) : remove(`${network}/virtualNetworks/v`),
      )),
    );
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  await endings(answers);
  const last = await get(`${network}/virtualNetworks/v`);
  expect(last.status === 404 || last.body.properties.provisioningState === 'Succeeded').toBe(true);
});

test('a group deleted while PUTs run takes all of them with it and takes no new ones', async () => {
  const network = await networkOf('leaving');
  const group = `${subscription}/resourceGroups/leaving`;
  const early = await times(10, (index) => put(`${network}/virtualNetworks/v${index}`, vnet(index)));
  const [deletion, late] = await Promise.all([
    remove(group),
    times(10, (index) => put(`${network}/virtualNetworks/w${index}`, vnet(index))),
  ]);
  expect(deletion.status).toBe(202);
  expect([...early, ...late].filter(({ status }) => status >= 500)).toEqual([]);
  await endings([...early, ...late]);
  const result = await until(
    () => server.client.send('GET', deletion.headers['location'] ?? ''),
    ({ status }) => status !== 202,
    { because: 'the group is gone', clock: systemClock },
  );
  expect([result.status, (await get(group)).status]).toEqual([200, 404]);
  const left = await server.client.send('GET', `${subscription}/resources${version}&$filter=resourceGroup eq 'leaving'`);
  expect(left.body.value).toEqual([]);
});

test('one of ten writers with the same etag wins, one of ten creators creates', async () => {
  const network = await networkOf('races');
  const url = `${network}/networkSecurityGroups/g`;
  const created = await times(10, () => put(url, { location, properties: {} }, { 'if-none-match': '*' }));
  expect(countsOf(created)).toEqual({ '201': 1, '412 PreconditionFailed': 9 });
  for (let round = 0; round < 5; round += 1) {
    const { body } = await get(url);
    const answers = await times(10, (index) =>
      put(url, { location, tags: { index: String(index) }, properties: {} }, { 'if-match': body.etag }),
    );
    expect(countsOf(answers)).toEqual({ '200': 1, '412 PreconditionFailed': 9 });
    expect((await get(url)).body.etag).toBe(answers.find(({ status }) => status === 200)?.body.etag);
  }
});
