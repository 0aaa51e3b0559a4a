/** ESP suites between xfrmd and the kernel, each with its own connection, addresses and if_id. Words of swanctl.conf(5) and ip-xfrm(8). */

export type Suite = {
  /** A proposal; `-esn` asks for extended sequence numbers. */
  readonly esp: string;
  /** What the kernel calls it, encryption first. */
  readonly kernelName: string;
  /** In UDP 4500, or as IP protocol 50. */
  readonly wire: 'udp' | 'raw';
  readonly outside: 4 | 6;
  readonly mode: 'tunnel' | 'transport';
};

export type Numbered = Suite & {
  readonly name: string;
  readonly ifId: number;
  readonly peer: string;
  /** The kernel's end inside, and ours: IPv4 and IPv6; in transport mode the outer addresses. */
  readonly peerNetworks: readonly string[];
  readonly peerInside: readonly string[];
  readonly ourInside: readonly string[];
};

const gcm = 'rfc4106(gcm(aes))';
const suite = (
  esp: string,
  kernelName: string,
  wire: Suite['wire'] = 'udp',
  outside: Suite['outside'] = 4,
  mode: Suite['mode'] = 'tunnel',
): Suite => ({ esp, kernelName, wire, outside, mode });

export const ours = {
  4: '198.51.100.1',
  6: '2001:db8:100::1',
  networks: ['10.1.0.0/24', 'fd01::/64'],
  inside: ['10.1.0.1', 'fd01::1'],
} as const;

/** What Azure's policies allow first, then what else both have, then the other ways to travel. */
export const suites: readonly Numbered[] = [
  suite('aes256gcm16', gcm),
  suite('aes256-sha1', 'cbc(aes) hmac(sha1)'),
  suite('aes256-sha256', 'cbc(aes) hmac(sha256)'),
  suite('3des-sha1', 'cbc(des3_ede) hmac(sha1)'),
  suite('null-sha256', 'ecb(cipher_null) hmac(sha256)'),
  suite('aes128gcm16', gcm),
  suite('aes256gmac', 'rfc4543(gcm(aes))'),
  suite('aes128-md5', 'cbc(aes) hmac(md5)'),
  suite('aes192gcm8', gcm),
  suite('aes192-sha384', 'cbc(aes) hmac(sha384)'),
  suite('aes256ctr-sha512', 'rfc3686(ctr(aes)) hmac(sha512)'),
  suite('chacha20poly1305', 'rfc7539esp(chacha20,poly1305)'),
  suite('aes256gcm16-esn', gcm),
  suite('aes256-sha256-esn', 'cbc(aes) hmac(sha256)'),
  suite('aes256gcm16', gcm, 'raw'),
  suite('aes256-sha256', 'cbc(aes) hmac(sha256)', 'raw'),
  suite('aes256gcm16-esn', gcm, 'raw'),
  suite('null-sha1', 'ecb(cipher_null) hmac(sha1)', 'raw'),
  suite('aes256gcm16', gcm, 'udp', 6),
  suite('aes256-sha1', 'cbc(aes) hmac(sha1)', 'raw', 6),
  suite('aes256gcm16', gcm, 'raw', 4, 'transport'),
  suite('aes256-sha256', 'cbc(aes) hmac(sha256)', 'udp', 4, 'transport'),
  suite('aes256-sha256', 'cbc(aes) hmac(sha256)', 'raw', 6, 'transport'),
].map((one, index) => {
  const number = index + 1;
  const peer = one.outside === 4 ? `198.51.100.${number + 10}` : `2001:db8:100::${number + 10}`;
  const ends =
    one.mode === 'transport'
      ? { peerNetworks: [`${peer}/${one.outside === 4 ? 32 : 128}`], peerInside: [peer], ourInside: [ours[one.outside]] }
      : {
          peerNetworks: [`10.2.${number}.0/24`, `fd02:0:0:${number}::/64`],
          peerInside: [`10.2.${number}.1`, `fd02:0:0:${number}::1`],
          ourInside: ours.inside,
        };
  return { ...one, name: `s${number}`, ifId: number, peer, ...ends };
});

export const sharedKey = 'Interop.Key.1';
export const ikeProposal = 'aes256-sha256-ecp256';

export const hasExtendedNumbers = ({ esp }: Suite): boolean => esp.endsWith('-esn');
export const hasHmac = ({ kernelName }: Suite): boolean => kernelName.includes('hmac(');
export const title = ({ esp, wire, outside, mode }: Suite): string =>
  `${esp} ${wire === 'udp' ? 'in UDP' : 'raw'} over IPv${outside}${mode === 'transport' ? ', transport mode' : ''}`;
