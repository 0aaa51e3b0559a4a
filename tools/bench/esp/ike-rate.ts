/**
 * IKE set-ups per second between two charons of this machine on xfrmd: IKE_SA_INIT, IKE_AUTH with a shared key, and one CHILD SA
 * each, all asked for at once. Both ends' work is in the number. Not the agent's share: nothing of it runs here.
 */
import { randomBytes } from 'node:crypto';
import { systemClock, until } from '@sallyport/runtime';
import type { ViciSession } from '@sallyport/protocols';
import { startXfrmdGateway } from './engines/xfrmd.ts';
import type { MeasureOptions } from './measure.ts';
import { Topology, ends, otherEnd, outer } from './topology.ts';
import type { End } from './topology.ts';

export type IkePoint = { readonly group: string; readonly setUps: number; readonly perSecond: number };

export const ikeGroups: readonly { readonly name: string; readonly proposal: string }[] = [
  { name: 'ECP-256', proposal: 'aes256-sha256-ecp256' },
  { name: 'MODP-2048', proposal: 'aes256-sha256-modp2048' },
];
const name = (number: number): string => `s${number}`;

async function load(vici: ViciSession, end: End, number: number, proposal: string, key: Uint8Array): Promise<void> {
  const identities = { a: `a${number}`, b: `b${number}` };
  const prefix = { a: `10.100.${number >> 8}.${number & 255}/32`, b: `10.200.${number >> 8}.${number & 255}/32` };
  const ifId = `${number + 1}`;
  await vici.loadConnection(name(number), {
    version: '2',
    local_addrs: [outer[end]],
    remote_addrs: [outer[otherEnd[end]]],
    proposals: [proposal],
    encap: 'yes',
    local: { auth: 'psk', id: identities[end] },
    remote: { auth: 'psk', id: identities[otherEnd[end]] },
    children: {
      net: {
        esp_proposals: ['aes256gcm16'],
        local_ts: [prefix[end]],
        remote_ts: [prefix[otherEnd[end]]],
        if_id_in: ifId,
        if_id_out: ifId,
      },
    },
  });
  await vici.loadShared({ id: name(number), key, owners: [identities.a, identities.b] });
}

export async function measureIkeRate(group: (typeof ikeGroups)[number], count: number, options: MeasureOptions): Promise<IkePoint> {
  options.tell(`${count} IKE set-ups with ${group.name}`);
  await using topology = await Topology.build();
  const gateways = { a: await startXfrmdGateway(topology, 'a'), b: await startXfrmdGateway(topology, 'b') };
  for (let number = 0; number < count; number += 1) {
    const key = randomBytes(24);
    for (const end of ends) await load(gateways[end].charon.vici, end, number, group.proposal, key);
  }
  const { vici } = gateways.a.charon;
  const began = systemClock.monotonic();
  for (let number = 0; number < count; number += 1) await vici.initiate({ ike: name(number), child: 'net', timeoutMs: -1 });
  const limitMs = 60_000;
  // xfrmd, not charon, says when it is done: the SAs of both directions are in place.
  await until(
    async () => (await gateways.a.client.statistics()).securityAssociations.length,
    (installed) => installed >= 2 * count,
    { because: `${count} tunnels are up`, clock: systemClock, timeoutMs: limitMs, everyMs: 10 },
  );
  const seconds = (systemClock.monotonic() - began) / 1000;
  for (const end of ends) await gateways[end].client[Symbol.asyncDispose]();
  return { group: group.name, setUps: count, perSecond: count / seconds };
}
