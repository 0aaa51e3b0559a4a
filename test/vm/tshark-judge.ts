/**
 * An independent judge of ESP packets: tshark decrypts a capture with the keys that the kernel was given, and says of each SA
 * how many packets it could read and how many check values were right. Not judged, as its 4.0 does not know them: GMAC and
 * ChaCha20-Poly1305. Read but not checked: the tags of AES-GCM, and check values over extended sequence numbers.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandRunner } from '@sallyport/runtime';

/** Throwaway keys of a test, as ip-xfrm(8) prints them without `nokeys`. */
export const listWithKeys = ['ip', 'xfrm', 'state', 'list'];

export type Verdict = {
  readonly packets: number;
  /** Inner echo requests and answers that could be read. */
  readonly readable: number;
  /** Packets whose check value is right; undefined where tshark can't compute it. */
  readonly right: number | undefined;
};

type Keyed = { readonly spi: string; readonly family: 4 | 6; readonly row: readonly string[]; readonly isChecked: boolean };

/** @returns a verdict for each SPI, in lower-case hex, whose suite tshark knows. @param folder for keys, removed again. */
export async function judge(
  run: CommandRunner['run'],
  options: { readonly capture: string; readonly states: string; readonly folder: string },
): Promise<ReadonlyMap<string, Verdict>> {
  const known = options.states.split(/^(?=src )/m).flatMap(keyed);
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const lines = known.map(({ family, spi, row }) => [`IPv${family}`, '*', '*', spi, ...row].map((word) => `"${word}"`).join(','));
  writeFileSync(join(options.folder, 'esp_sa'), `${lines.join('\n')}\n`, { mode: 0o600 });
  try {
    const settings = ['esp.enable_encryption_decode', 'esp.enable_authentication_check'].flatMap((name) => ['-o', `${name}:TRUE`]);
    const fields = ['esp.spi', 'esp.icv_good', 'icmp.type', 'icmpv6.type'].flatMap((field) => ['-e', field]);
    const argv = ['tshark', '-n', '-r', options.capture, ...settings, '-Y', 'esp', '-T', 'fields', '-E', 'occurrence=f', ...fields];
    const { stdout } = await run(argv, { env: { WIRESHARK_CONFIG_DIR: options.folder }, timeoutMs: 120_000 });
    const packets = stdout.split('\n').map((line) => line.split('\t'));
    return new Map(
      known.map((one) => [
        one.spi,
        verdict(
          one,
          packets.filter(([spi]) => spi === one.spi),
        ),
      ]),
    );
  } finally {
    rmSync(options.folder, { recursive: true, force: true });
  }
}

function verdict({ isChecked }: Keyed, packets: readonly (readonly string[])[]): Verdict {
  return {
    packets: packets.length,
    readable: packets.filter(([, , icmp = '', icmpv6 = '']) => icmp !== '' || icmpv6 !== '').length,
    right: isChecked ? packets.filter(([, good = '']) => good === '1' || good === 'True').length : undefined,
  };
}

const encryptions: Readonly<Record<string, string>> = {
  'cbc(aes)': 'AES-CBC [RFC3602]',
  'cbc(des3_ede)': 'TripleDES-CBC [RFC2451]',
  'rfc3686(ctr(aes))': 'AES-CTR [RFC3686]',
  'ecb(cipher_null)': 'NULL',
};
const authentications: Readonly<Record<string, string>> = {
  'hmac(md5) 96': 'HMAC-MD5-96 [RFC2403]',
  'hmac(sha1) 96': 'HMAC-SHA-1-96 [RFC2404]',
  'hmac(sha256) 128': 'HMAC-SHA-256-128 [RFC4868]',
  'hmac(sha384) 192': 'HMAC-SHA-384-192 [RFC4868]',
  'hmac(sha512) 256': 'HMAC-SHA-512-256 [RFC4868]',
};

/** A row of Wireshark's table of ESP SAs; nothing for a suite it does not know. */
function keyed(block: string): readonly Keyed[] {
  const [, from = ''] = /^src (\S+)/.exec(block) ?? [];
  const [, spi = ''] = /proto esp spi (0x[0-9a-f]+)/.exec(block) ?? [];
  const hasExtendedNumbers = /^\s+replay-window .*\besn\b/m.test(block);
  const family = from.includes(':') ? 6 : 4;
  const [, aead, aeadKey = '', bits = ''] = /^\s+aead (\S+) (0x[0-9a-f]+) (\d+)/m.exec(block) ?? [];
  if (aead === 'rfc4106(gcm(aes))') {
    const cipher = `AES-GCM with ${Number(bits) / 8} octet ICV [RFC4106]`;
    return [{ spi, family, row: [cipher, aeadKey, 'NULL', ''], isChecked: false }];
  }
  const [, enc = '', encKey = ''] = /^\s+enc (\S+) (0x[0-9a-f]+)?/m.exec(block) ?? [];
  const [, auth = '', authKey = '', truncated = ''] = /^\s+auth-trunc (\S+) (0x[0-9a-f]+) (\d+)/m.exec(block) ?? [];
  const [encryption, authentication] = [encryptions[enc], authentications[`${auth} ${truncated}`]];
  if (encryption === undefined || authentication === undefined) return [];
  const unchecked = `ANY ${truncated} bit authentication [no checking]`;
  const row = hasExtendedNumbers ? [encryption, encKey, unchecked, ''] : [encryption, encKey, authentication, authKey];
  return [{ spi, family, row, isChecked: !hasExtendedNumbers }];
}
