/**
 * A NAT router as a branch, a home or a mobile network has one: a namespace `nat-NAME` with one public address, which sites behind it
 * share. Every flow gets a source port of the router's choice (`masquerade random`), and what nobody inside asked for is dropped unless
 * a port is forwarded. Nothing of IPsec is known here: no ESP, no ALG.
 */
import type { Fabric } from './fabric.ts';
import { addressNumber } from './lab-file.ts';
import type { Nat } from './lab-file.ts';
import { inside, namespaceOf } from './namespaces.ts';
import type { NetworkPorts } from './namespaces.ts';

export function natNamespace(fabric: Pick<Fabric, 'namespacePrefix'>, name: string): string {
  return namespaceOf(fabric, `nat-${name}`);
}

/** The private network behind it, out of RFC 6598. */
export function natInside(nat: Pick<Nat, 'link'>): { readonly prefix: string; readonly router: string } {
  const prefix = `100.64.${nat.link}.0/24`;
  return { prefix, router: addressNumber(prefix, 1) };
}

/** Loads translation and filter; flows that are there stay as they are, as on any router. */
export async function loadNat(ports: NetworkPorts, fabric: Fabric, nat: Nat): Promise<void> {
  await ports.run(inside(natNamespace(fabric, nat.name), ['nft', '-f', '-']), { input: renderNat(nat) });
}

/**
 * All flows are forgotten, as when a router restarts or its memory is full: the next packet of each gets another source port. Masquerading
 * ends with its interface, which is taken away for an instant.
 */
export async function forgetFlows(ports: NetworkPorts, fabric: Fabric, nat: Nat, router: string): Promise<void> {
  const namespace = natNamespace(fabric, nat.name);
  const commands = [
    ['link', 'set', 'public', 'down'],
    ['link', 'set', 'public', 'up'],
    ['route', 'replace', router, 'dev', 'public'],
    ['route', 'replace', 'default', 'via', router, 'dev', 'public'],
  ];
  await ports.run(['ip', '-n', namespace, '-batch', '-'], { input: `${commands.map((words) => words.join(' ')).join('\n')}\n` });
}

export function renderNat(nat: Pick<Nat, 'forwardsTo'>): string {
  const forward = nat.forwardsTo === undefined ? '' : `\n    iifname "public" udp dport { 500, 4500 } dnat to ${nat.forwardsTo}`;
  return `table ip nat
delete table ip nat
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "public" masquerade random
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;${forward}
  }
  chain input {
    type filter hook input priority 0; policy accept;
    iifname "public" meta l4proto != icmp drop
  }
  chain forward {
    type filter hook forward priority 0; policy accept;
    iifname "public" ct state invalid drop
    iifname "public" ct state new ct status & dnat == 0 drop
  }
}
`;
}
