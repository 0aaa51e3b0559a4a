/** What a peer says of its SAs with the gateway, whichever daemon it is: the judge of a cell is the other end, not ours. */

export type SeenChild = {
  /** `ESP` suite in the peer's words, with the group of its own key exchange after a slash when there was one. */
  readonly suite: string;
  /** Eight hex digits. */
  readonly spiIn: string;
  readonly packetsIn: number;
  readonly packetsOut: number;
};

export type SeenIke = {
  readonly version: 1 | 2;
  readonly suite: string;
  /** What makes it the same one: both SPIs, or the peer's own number. */
  readonly id: string;
};

export type Seen = {
  /** Established ones. */
  readonly ikes: readonly SeenIke[];
  readonly children: readonly SeenChild[];
  /** IKE SAs that are being made, by either end. */
  readonly attempts: number;
};
