/** What swanctl(8) prints of a strongSwan's SAs. Pure. */
import type { Seen, SeenChild, SeenIke } from './seen.ts';

/** swanctl(8)'s list: an IKE SA begins at the margin, its children are two columns in. */
export function parseSas(text: string): Seen {
  const sections = text.split(/^(?=\S)/m).filter((section) => section.trim() !== '');
  const ikes = sections.flatMap((section): readonly SeenIke[] => {
    const [, state, version, first = '', second = ''] = /^\S+: #\d+, (\w+), IKEv([12]), ([0-9a-f]+)_i\*? ([0-9a-f]+)_r/.exec(section) ?? [];
    if (state !== 'ESTABLISHED') return [];
    const suite = /^ {2}(\S+\/\S+)$/m.exec(section)?.[1] ?? '';
    return [{ version: version === '1' ? 1 : 2, suite, id: `${first} ${second}` }];
  });
  const children = sections.flatMap((section) =>
    section
      .split(/^ {2}(?=\S+: #)/m)
      .slice(1)
      .flatMap((child): readonly SeenChild[] => {
        const suite = /^\S+: #\d+, reqid \d+, INSTALLED, \S+, ESP:(\S+)/.exec(child)?.[1];
        if (suite === undefined) return [];
        const way = (name: string): readonly [string, number] => {
          const [, spi = '', packets = '0'] = new RegExp(`^ {4}${name} +([0-9a-f]+).*?, +(\\d+) packets`, 'm').exec(child) ?? [];
          return [spi, Number(packets)];
        };
        const [[spiIn, packetsIn], [, packetsOut]] = [way('in'), way('out')];
        return [{ suite, spiIn, packetsIn, packetsOut }];
      }),
  );
  return { ikes, children, attempts: sections.filter((section) => /^\S+: #\d+, (?:CREATED|CONNECTING),/.test(section)).length };
}
