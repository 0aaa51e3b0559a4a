/**
 * Bundles programs for the virtual machine. There a file costs milliseconds to open and Node is twenty times slower: the CLI's
 * thousand modules take 40 s one by one and 4 s in one piece. The code is the same; of `import.meta`, modules of the clone keep
 * what they see when they run in place.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

export const clone = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(clone, 'build', 'vm', 'bundle');
const cli = join(clone, 'packages', 'cli', 'src', 'main.ts');

export type Bundle = {
  /** To be mounted over `packages/cli/src/main.ts`. */
  readonly cliInPlace: { readonly from: string; readonly over: string };
  readonly program: string;
};

/** @param program a TypeScript file that is bundled together with the CLI. */
export async function bundleForGuest(program: string): Promise<Bundle> {
  const build = await rolldown({
    input: { cli, program },
    platform: 'node',
    resolve: { conditionNames: ['source', 'import', 'node', 'default'] },
    plugins: [{ name: 'import-meta-in-place', transform: (code: string, id: string) => inPlace(code, id) }],
  });
  await build.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs', cleanDir: true });
  await build.close();
  const stub = join(folder, 'main.ts');
  writeFileSync(stub, `import ${JSON.stringify(pathToFileURL(join(folder, 'cli.mjs')).href)};\n`);
  return { cliInPlace: { from: stub, over: cli }, program: join(folder, 'program.mjs') };
}

function inPlace(code: string, id: string): string | null {
  if (!id.startsWith(clone) || id.includes('/node_modules/')) return null;
  return code
    .replaceAll('import.meta.dirname', JSON.stringify(dirname(id)))
    .replaceAll('import.meta.filename', JSON.stringify(id))
    .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
}
