/** The files of the repository as a clone has them: what git tracks or would track. For the rules in this folder. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export type SourceFile = { readonly path: string; readonly text: string };

const binary = /\.(png|pcap|gz|zip|ico|woff2?|bin|der)$/;

/** Text files, by path from the root, sorted. A file that went away since git listed it is left out. */
export const files: readonly SourceFile[] = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && !binary.test(path))
  .toSorted()
  .flatMap((path) => {
    try {
      return [{ path, text: readFileSync(join(root, path), 'utf8') }];
    } catch {
      return [];
    }
  });

export const typescript: readonly SourceFile[] = files.filter(({ path }) => path.endsWith('.ts'));

export type Manifest = {
  readonly path: string;
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

export const manifests: readonly Manifest[] = files
  .filter(({ path }) => /(^|\/)package\.json$/.test(path))
  .map(({ path, text }) => ({
    dependencies: {},
    devDependencies: {},
    optionalDependencies: {},
    ...(JSON.parse(text) as { readonly name: string }),
    path,
  })); // npm's own format

/** `packages/model`, `lab`, `test`, `tools`; undefined for files at the root. */
export function packageOf(path: string): string | undefined {
  return /^(packages\/[^/]+|lab|test|tools)\//.exec(path)?.[1];
}

/** What a module imports, type imports too. Comments and strings that look like imports do not begin a line. */
export function importsOf(text: string): readonly string[] {
  const patterns = [
    /^\s*(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
}
