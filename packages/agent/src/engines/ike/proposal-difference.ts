/** Which field keeps two lists of proposals from having one in common: of all pairs, the one that differs least says it. Pure. */

const fields = {
  ike: ['encryption', 'integrity', 'DH group'],
  esp: ['encryption', 'integrity', 'PFS group'],
} as const;

export type ProposalKind = keyof typeof fields;

/**
 * @param offered the peer's, @param accepted ours, in Azure's words: `AES256/SHA256/DHGroup14`; without a third, no group.
 * @returns `encryption differs: AES128 offered, AES256 accepted`, or nothing where nothing can be compared.
 */
export function proposalDifference(kind: ProposalKind, offered: readonly string[], accepted: readonly string[]): string | undefined {
  const pairs = offered.flatMap((theirs) => accepted.map((ours) => differing(kind, theirs, ours)));
  const [closest] = pairs.filter((pair) => pair.length > 0).toSorted((a, b) => a.length - b.length);
  return closest?.map(({ field, theirs, ours }) => `${field} differs: ${theirs} offered, ${ours} accepted`).join('; ');
}

type Difference = { readonly field: string; readonly theirs: string; readonly ours: string };

function differing(kind: ProposalKind, offered: string, accepted: string): readonly Difference[] {
  const [a, b] = [offered.split('/'), accepted.split('/')];
  const found = fields[kind].flatMap((field, index) => {
    const [theirs, ours] = [a[index] ?? 'None', b[index] ?? 'None'];
    return theirs === ours ? [] : [{ field, theirs, ours }];
  });
  // The first CHILD SA of IKEv2 never has a group of its own, which then is no reason.
  const withGroup = found.filter(({ field, theirs }) => field !== 'PFS group' || theirs !== 'None');
  return withGroup.length > 0 ? withGroup : found;
}
