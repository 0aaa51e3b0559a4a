/** What `ip` prints of the kernel's XFRM in a namespace, as far as these tests compare it. ip-xfrm(8). */
import { inside } from '@sallyport/lab';
import type { CommandRunner } from '@sallyport/runtime';

export type Association = {
  /** Eight hex digits. */
  readonly spi: string;
  readonly from: string;
  readonly to: string;
  /** The kernel's names, authentication last: `cbc(aes) hmac(sha256)`. */
  readonly suite: string;
  /** `tunnel`, `transport`. */
  readonly mode: string;
  readonly isUdpEncapsulated: boolean;
  readonly hasExtendedNumbers: boolean;
  readonly ifId: number;
  readonly packets: number;
};

/** `nokeys`: what is compared and printed on failure holds no secret. */
export const listAssociations = ['ip', '-s', 'xfrm', 'state', 'list', 'nokeys'];

export async function readAssociations(run: CommandRunner['run'], namespace: string): Promise<readonly Association[]> {
  return parseAssociations((await run(inside(namespace, listAssociations))).stdout);
}

/** Those that are in place; an SPI that was only allocated has no algorithm yet. */
export function parseAssociations(text: string): readonly Association[] {
  return text
    .split(/^(?=src )/m)
    .filter((block) => /^\s+(aead|auth|auth-trunc|enc) /m.test(block))
    .map((block) => {
      const [, from = '', to = ''] = /^src (\S+) dst (\S+)/.exec(block) ?? [];
      const names = (kind: string): readonly string[] =>
        [...block.matchAll(new RegExp(`^\\s+${kind} (\\S+) `, 'gm'))].map(([, name = '']) => name);
      return {
        spi: /proto esp spi 0x([0-9a-f]+)/.exec(block)?.[1] ?? '',
        from,
        to,
        suite: [...names('aead'), ...names('enc'), ...names('auth(?:-trunc)?')].join(' '),
        mode: / mode (\S+)/.exec(block)?.[1] ?? '',
        isUdpEncapsulated: block.includes('espinudp'),
        hasExtendedNumbers: /^\s+replay-window .*\besn\b/m.test(block),
        ifId: Number(/if_id (0x[0-9a-f]+)/.exec(block)?.[1] ?? 0),
        packets: Number(/lifetime current:\s+\d+\(bytes\), (\d+)\(packets\)/.exec(block)?.[1] ?? 0),
      };
    });
}

/** Interfaces of type xfrm as `name if_id`. */
export async function readXfrmInterfaces(run: CommandRunner['run'], namespace: string): Promise<readonly string[]> {
  const { stdout } = await run(inside(namespace, ['ip', '-j', '-d', 'link', 'show', 'type', 'xfrm']));
  const links = JSON.parse(stdout === '' ? '[]' : stdout) as readonly {
    readonly ifname: string;
    readonly linkinfo: { readonly info_data: { readonly if_id: string } };
  }[]; // iproute2's shape
  return links.map(({ ifname, linkinfo }) => `${ifname} ${Number(linkinfo.info_data.if_id)}`);
}
