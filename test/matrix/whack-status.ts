/** What whack(8) prints of pluto's connections and states, joined with pluto's log and the kernel's associations. Pure. */
import type { Association } from '../vm/kernel-tables.ts';
import type { Cell } from './cells.ts';
import type { Seen, SeenChild } from './seen.ts';

export type Reading = {
  /** `whack --status` */
  readonly status: string;
  /** Lines of pluto's log that tell of SAs of the kernel: `{ESPinUDP=>0x… <0x… xfrm=SUITE …}`. */
  readonly log: string;
  readonly associations: readonly Association[];
};

/** `"c11"` or, for an instance, `"c11"[1]`. */
const linesOf = (text: string, name: string): readonly string[] => text.split('\n').filter((line) => line.includes(`"${name}"`));
const isAttempt = (line: string): boolean =>
  /STATE_(?:V2_PARENT_[IR][0-2]|V2_IKE_\w+|V2_(?:NEW|REKEY)_CHILD_\w+|MAIN_[IR][0-3]|QUICK_[IR][01])\b(?!.*established)/.test(line);

/** An exchange that pluto began and nobody has answered. */
export function hasBegun(status: string, name: string): boolean {
  return linesOf(status, name).some((line) => /STATE_(?:V2_PARENT_I1|MAIN_I1)\b/.test(line));
}

export function parseReading({ status, log, associations }: Reading, { name, version }: Cell): Seen {
  const lines = linesOf(status, name);
  const newest = (what: string): string =>
    lines.map((line) => new RegExp(`${what} algorithm newest: (.*)$`).exec(line)?.[1] ?? '').find(Boolean) ?? '';
  const ikes = lines.flatMap((line) => {
    const [, number] = /#(\d+): .*STATE_(?:V2_ESTABLISHED_IKE_SA|MAIN_[IR][34])\b.*established/.exec(line) ?? [];
    return number === undefined ? [] : [{ version, suite: newest(`IKEv${version}`), id: `#${number}` }];
  });
  const [, , groupOfIke = ''] = newest(`IKEv${version}`).split('-');
  const [suite = '', groupOfConnection = ''] = newest('ESP').split('; pfsgroup=');
  const children = lines.flatMap((line): readonly SeenChild[] => {
    const [, number] = /#(\d+): .*STATE_(?:V2_ESTABLISHED_CHILD_SA|QUICK_[IR]2)\b.*established/.exec(line) ?? [];
    if (number === undefined) return [];
    const ofState = lines.find((other) => other.includes(`#${number}: `) && / esp\.[0-9a-f]+@/.test(other)) ?? '';
    const [outbound = '', inbound = ''] = [...ofState.matchAll(/ esp\.([0-9a-f]+)@/g)].map(([, spi = '']) => spi.padStart(8, '0'));
    // In IKEv2 the status tells what is configured, the log what was done; of IKEv1 the log tells no group.
    // Cipher, hash and group; the log has other names for some ciphers than the status.
    const [, , groupOfLog = ''] = (new RegExp(`<0x${inbound} xfrm=(\\S+)`).exec(log)?.[1] ?? '').split('-');
    const group = version === 1 ? groupOfConnection.replace('<Phase1>', groupOfIke) : groupOfLog;
    const packetsOf = (spi: string): number => associations.find((one) => one.spi === spi)?.packets ?? 0;
    return [
      {
        suite: group === '' || group === '<N/A>' ? suite : `${suite}/${group}`,
        spiIn: inbound,
        packetsIn: packetsOf(inbound),
        packetsOut: packetsOf(outbound),
      },
    ];
  });
  return { ikes, children, attempts: lines.filter(isAttempt).length };
}
