/**
 * Whether the peer still has an SA that nothing tells apart from another (duplicates.ts): its child is asked to be made anew, once. An answer, also a refusal,
 * proves it; without one charon gives the SA up. Pure but for its own memory.
 */
import type { CharonSa } from './observe.ts';

export type Proofs = {
  /** To be asked for now: what is told is not told again. */
  readonly isDue: (one: CharonSa, nowMs: number) => boolean;
  /** It was asked for, a while ago, and nothing is waited for any more. */
  readonly isAnswered: (one: CharonSa, nowMs: number) => boolean;
};

/** charon says yes to a request, and begins the exchange when a thread is free. */
const beginsMs = 2000;

export function createProofs(): Proofs {
  /** By connection: which SA was asked, and when. By its SPI: a charon that starts anew counts from 1 again. */
  const asked = new Map<string, { readonly spi: string; readonly atMs: number }>();
  const isBusy = ({ isWaiting, isCreatingChild }: CharonSa): boolean => isWaiting || isCreatingChild;
  const isAsked = ({ name, sa }: CharonSa): boolean => asked.get(name)?.spi === sa.initiatorSpi;
  return {
    isDue: (one, nowMs) => {
      if (isAsked(one) || isBusy(one)) return false;
      asked.set(one.name, { spi: one.sa.initiatorSpi, atMs: nowMs });
      return true;
    },
    isAnswered: (one, nowMs) => isAsked(one) && !isBusy(one) && nowMs - (asked.get(one.name)?.atMs ?? nowMs) >= beginsMs,
  };
}
