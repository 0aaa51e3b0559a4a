/** Members that a PUT takes and no GET shows: they are stored encrypted, and no error, log or preview may quote them. */
export const writeOnlyMembers = ['sharedKey', 'authorizationKey', 'radiusServerSecret'] as const;

const names: ReadonlySet<string> = new Set(writeOnlyMembers);

export function isWriteOnlyMember(name: PropertyKey | undefined): boolean {
  return typeof name === 'string' && names.has(name);
}
