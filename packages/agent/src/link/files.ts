/** Reading files that may not be there. Writing them: runtime's whole-file.ts. */
import { readFileSync } from 'node:fs';

/** undefined when it is not there. */
export function readFileIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined; // node:fs throws these
    throw error;
  }
}
