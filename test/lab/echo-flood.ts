/** Floods of echoes, and what of them a gateway's bandwidth rules dropped (VGW-OPS-006): for the lab, and for the same in the virtual machine. */
import { findPlace, inside } from '@sallyport/lab';
import type { LabSession, Place } from '@sallyport/lab';
import { ports } from './up-process.ts';

export const bandwidthTag = 'sallyport:bandwidth';

/** 1,000 bytes each 5 ms, whether answered or not: some 1.6 Mbit/s. */
export async function flood(from: Place, to: Place, echoes: number): Promise<void> {
  const argv = ['ping', '-n', '-q', '-s', '1000', '-i', '0.005', '-c', `${echoes}`, to.addresses[0] ?? ''];
  await ports.run(inside(from.namespace, argv), { okCodes: [0, 1], timeoutMs: 120_000 });
}

/** Echo replies that a machine has received. ping(8) leaves two round trips after its last request, and does not count what comes later. */
export async function answers({ namespace }: Place): Promise<number> {
  const { stdout } = await ports.run(inside(namespace, ['nstat', '-asz', 'IcmpInEchoReps']));
  return Number(/^IcmpInEchoReps\s+(\d+)/m.exec(stdout)?.[1]);
}

/** Rules of the gateway `hq-gateway` without what they have counted; none where there is no limit. */
export async function limits(session: LabSession): Promise<readonly string[]> {
  return (await bandwidthRules(session)).map((rule) => rule.replace(/counter packets \d+ bytes \d+/, ''));
}

/** Packets over the bandwidth, to sites and from them; empty where there is no limit. */
export async function dropped(session: LabSession): Promise<readonly number[]> {
  return (await bandwidthRules(session)).map((rule) => Number(/counter packets (\d+) bytes \d+ drop/.exec(rule)?.[1]));
}

async function bandwidthRules(session: LabSession): Promise<readonly string[]> {
  const { namespace } = findPlace(session.fabric, 'hq-gateway/IN_0');
  const { stdout } = await ports.run(inside(namespace, ['nft', 'list', 'chain', 'inet', 'sallyport', 'forward']));
  return stdout.split('\n').filter((line) => /comment "bandwidth (?:to|from) sites"/.test(line));
}
