/** A process that may open no more files: programs that it can't start are an error with the reason, and it goes on. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = `
import { openSync } from 'node:fs';
import { SupervisedChild, silentLogger, systemClock, systemCommands } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
const told = [];
process.stdout.write(''); // opened while there are files
try {
  for (;;) openSync('/dev/null', 'r');
} catch {}
await systemCommands.run(['true']).catch((error) => told.push(error.message));
const { promise, resolve } = Promise.withResolvers();
const child = new SupervisedChild({ name: 'x', argv: ['sleep', '9'], clock: systemClock, log: silentLogger, onDeath: resolve });
told.push(await promise);
await child.stop();
console.log(JSON.stringify(told));
`;

test('no program can be started, and that is an error with its reason', () => {
  const node = [process.execPath, '-C', 'source', '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync('prlimit', ['--nofile=40', ...node], { encoding: 'utf8', cwd: import.meta.dirname });
  expect([stdout.trim(), stderr]).toEqual(['["could not start true: spawn true EMFILE","spawn sleep EMFILE"]', '']);
});
