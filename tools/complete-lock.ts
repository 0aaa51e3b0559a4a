/**
 * Adds the platform packages that a registry mirror does not carry to package-lock.json, so that `npm ci` accepts the lock
 * everywhere. They are optional and for other platforms than ours, so nothing is ever fetched for them here.
 * Run after every `npm install` that changed the lock: `node tools/complete-lock.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

type Entry = { optionalDependencies?: Record<string, string>; dev?: boolean; [key: string]: unknown };
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Entry> };

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32', 'netbsd', 'openbsd', 'sunos', 'aix'];
const added: string[] = [];
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    const words = name.replace(/^@[^/]+\//, '').split('-');
    const system = systems.find((candidate) => words.includes(candidate));
    const cpu = words[words.findIndex((word) => word === system) + 1];
    if (system === undefined || cpu === undefined) throw new Error(`${name}: no platform in its name`);
    const libc = words.includes('musl') || words.includes('musleabihf') ? { libc: ['musl'] } : {};
    lock.packages[key] = { version, cpu: [cpu], ...(entry.dev === true ? { dev: true } : {}), ...libc, optional: true, os: [system] };
    added.push(name);
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`);
process.stdout.write(`${added.length} optional packages of other platforms added\n`);
