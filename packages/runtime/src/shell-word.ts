/** One word for sh(1), in quotes where it needs them: for commands that people copy and for scripts. Our own programs are run without a shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
