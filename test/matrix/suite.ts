/** A set of cells as tests: one gateway, all cells at once, then one test for each. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UpProcess, withEvidence } from '../lab/up-process.ts';
import { title } from './cells.ts';
import type { Cell, PeerKind } from './cells.ts';
import { MatrixGateway } from './gateway.ts';
import { expectCell } from './expect-cell.ts';
import type { Peers } from './peers.ts';
import type { PeerWords } from './policies.ts';
import { runCells } from './run-cells.ts';
import type { Outcome } from './run-cells.ts';

export function describeCells(peer: PeerKind, cells: readonly Cell[], makePeers: (gateway: MatrixGateway) => Peers): void {
  describe(`a gateway with ${cells.length} connections to ${peer}`, () => {
    let outcomes: ReadonlyMap<Cell, Outcome | Error> | undefined;
    let up: UpProcess | undefined;

    beforeAll(async () => {
      up = await UpProcess.start();
      outcomes = await withEvidence(up, `matrix-${peer}`, async (evidence) => {
        await using stack = new AsyncDisposableStack();
        const gateway = await MatrixGateway.create(requireValue(up).session);
        const peers = stack.use(makePeers(gateway));
        const found = await runCells(gateway, peers, cells);
        const faults = cells.flatMap((cell) => faultOf(() => expectCell(cell, found.get(cell), wordsOf(cell, peer))));
        if (faults.length > 0) await evidence.collect(new AggregateError(faults, `${faults.length} cells`));
        return found;
      });
    });
    afterAll(async () => {
      await up?.[Symbol.asyncDispose]();
    });

    test.for(cells.map((cell) => [title(cell), cell] as const))('%s', ([, cell]) => {
      const outcome = requireValue(outcomes).get(cell);
      expect(outcome).toBeDefined();
      expectCell(cell, outcome, wordsOf(cell, peer));
    });
  });
}

function faultOf(assertion: () => void): readonly unknown[] {
  try {
    assertion();
    return [];
  } catch (error) {
    return [error];
  }
}

function wordsOf({ policyClass }: Cell, peer: PeerKind): PeerWords {
  return requireValue(policyClass[peer]);
}

function requireValue<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the matrix was not run');
  return value;
}
