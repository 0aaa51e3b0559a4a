/** The main job: a gateway created through the official SDK carries packets to a stock third-party device, and only encrypted ones are seen outside. */
import { expect, test } from 'vitest';
import { findPlace, transfer } from '@sallyport/lab';
import { standing } from './standing.ts';
import { UpProcess, withEvidence } from './up-process.ts';

const hundredMegabytes = 100_000_000;

test('a connection built with the Azure SDK carries echoes and 100 MB each way, and only IKE and ESP are seen outside', async () => {
  await using up = await UpProcess.start();
  await withEvidence(up, 'main-job', async (evidence) => {
    const { session } = up;
    const { trips } = await standing(session, 's2s-ikev2-psk');
    expect(trips.map(({ from, to }) => `${from} ${to}`)).toEqual(['vm1 site1-host', 'site1-host vm1']);

    const [vm, host] = [findPlace(session.fabric, 'vm1'), findPlace(session.fabric, 'site1-host')];
    // Throws unless exactly these bytes arrived.
    await transfer(session, vm, host, hundredMegabytes);
    await transfer(session, host, vm, hundredMegabytes);

    await evidence.stopCapture();
    // 200 MB in packets of at most 1400 bytes; tcpdump may miss some on a busy machine.
    expect(await evidence.countPackets('udp port 4500 or esp')).toBeGreaterThan(100_000);
    expect(await evidence.countPackets('udp port 500')).toBeGreaterThan(0);
    expect(await evidence.countPackets('ip and not (udp port 500 or udp port 4500 or esp)')).toBe(0);
  });
});
