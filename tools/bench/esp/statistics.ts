/** Numbers from numbers. Pure. */

/** Nearest-rank percentile; undefined of nothing. `share` in 0…1. */
export function percentile(values: readonly number[], share: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** `a` as a multiple of `b`; undefined without either, or of nothing. */
export function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b;
}

/** One offered rate and what came through. Packets per second, bits per second of IP packets. */
export type RatePoint = {
  readonly offeredPackets: number;
  readonly deliveredPackets: number;
  readonly offeredBits: number;
  readonly deliveredBits: number;
  /** 0…1. */
  readonly loss: number;
};

/** The fastest point that lost less than `limit`. */
export function fastestWithin(points: readonly RatePoint[], limit: number): RatePoint | undefined {
  return points.filter(({ loss }) => loss < limit).toSorted((a, b) => b.deliveredPackets - a.deliveredPackets)[0];
}

export function fastest(points: readonly RatePoint[]): RatePoint | undefined {
  return fastestWithin(points, Infinity);
}
