/** What must hold of every cell, in the peer's words. */
import { expect } from 'vitest';
import type { Cell } from './cells.ts';
import type { PeerWords } from './policies.ts';
import { spisInUse } from './run-cells.ts';
import type { Outcome } from './run-cells.ts';
import type { Seen } from './seen.ts';

/** @throws what kept the cell from having an outcome, or a failed assertion. */
export function expectCell(cell: Cell, outcome: Outcome | Error | undefined, words: PeerWords): void {
  if (outcome === undefined) throw new Error(`${cell.name} was not run`);
  if (outcome instanceof Error) throw outcome;
  const { status, first, last, echoes, observed } = outcome;
  expect(status).toBe('Connected');
  expect(echoes).toEqual({ fromGateway: true, fromPeer: true, afterRekey: true });

  expect(first.ikes).toEqual([expect.objectContaining({ version: cell.version, suite: words.seesIke })]);
  // IKE_AUTH has no key exchange of its own (RFC 7296 §1.2); quick mode and every rekey have. Of two SAs that crossed the one that stayed may have had to prove itself.
  const mayBe = [
    ...(cell.version === 1 ? [] : [words.seesEsp]),
    ...(cell.version === 1 || cell.begins === 'both' ? [withGroup(words)] : []),
  ];
  expect(first.children).toHaveLength(1);
  expect(mayBe).toContain(suites(first)[0]);
  expect(suites(last)).toEqual([withGroup(words)]);
  // The same IKE SA from the first reading to the last: no end began anew.
  expect(last.ikes).toEqual(first.ikes);
  for (const { packetsIn, packetsOut } of last.children) expect([packetsIn > 0, packetsOut > 0]).toEqual([true, true]);

  expect(observed?.ikeSas).toHaveLength(1);
  expect(spisInUse(observed)).toEqual(last.children.map(({ spiIn }) => spiIn));
  if (cell.begins !== 'both') expect(observed?.ikeSas[0]?.isInitiator).toBe(cell.begins === 'gateway');
}

const suites = ({ children }: Seen): readonly string[] => children.map(({ suite }) => suite);

function withGroup({ seesEsp, seesPfs }: PeerWords): string {
  return seesPfs === '' ? seesEsp : `${seesEsp}/${seesPfs}`;
}
