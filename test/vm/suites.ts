/** ESP suites between xfrmd and the kernel, each with its own connection, addresses and if_id. Words of swanctl.conf(5) and ip-xfrm(8). */

export type Suite = {
  /** A proposal; `-esn` asks for extended sequence numbers. */
  readonly esp: string;
  /** What the kernel calls it, encryption first. */
  readonly kernelName: string;
  /** In UDP 4500, or as IP protocol 50. */
  readonly wire: 'udp' | 'raw';
  readonly outside: 4 | 6;
};

export type Numbered = Suite & {
  readonly name: string;
  readonly ifId: number;
  readonly peer: string;
  /** The kernel's end, outside and inside. */
  readonly peerNetworks: readonly [string, string];
  readonly peerInside: readonly [string, string];
};

const gcm = 'rfc4106(gcm(aes))';
const suite = (esp: string, kernelName: string, wire: Suite['wire'] = 'udp', outside: Suite['outside'] = 4): Suite => ({
  esp,
  kernelName,
  wire,
  outside,
});

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
].map((one, index) => ({
  ...one,
  name: `s${index + 1}`,
  ifId: index + 1,
  peer: one.outside === 4 ? `198.51.100.${index + 11}` : `2001:db8:100::${index + 11}`,
  peerNetworks: [`10.2.${index + 1}.0/24`, `fd02:0:0:${index + 1}::/64`],
  peerInside: [`10.2.${index + 1}.1`, `fd02:0:0:${index + 1}::1`],
}));

export const ours = {
  4: '198.51.100.1',
  6: '2001:db8:100::1',
  networks: ['10.1.0.0/24', 'fd01::/64'],
  inside: ['10.1.0.1', 'fd01::1'],
} as const;
export const sharedKey = 'Interop.Key.1';
export const ikeProposal = 'aes256-sha256-ecp256';

export const hasExtendedNumbers = ({ esp }: Suite): boolean => esp.endsWith('-esn');
export const hasHmac = ({ kernelName }: Suite): boolean => kernelName.includes('hmac(');
export const title = ({ esp, wire, outside }: Suite): string => `${esp} ${wire === 'udp' ? 'in UDP' : 'raw'} over IPv${outside}`;
