/**
 * Draws tables out of recorded sessions with Azure: methods, paths, bodies, statuses, headers that steer, and the shape of answers.
 *
 *   node -C source tools/facts/recordings/extract.ts FOLDER
 *
 * FOLDER has recordings as Microsoft publishes them with its clients (azure-cli's VCR cassettes, the SDKs' and PowerShell's session
 * records), named CLIENT.NAME.json or .yaml. Each becomes test/facts/recorded-CLIENT.NAME.json, which test/conformance/replay.test.ts
 * sends to our own control plane. Recordings themselves are not kept here.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fold } from './fold.ts';
import { readRecording } from './read.ts';
import type { Recording } from './recorded.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: extract.ts FOLDER');

for (const name of readdirSync(folder).filter((file) => /\.(json|ya?ml)$/.test(file))) {
  const source = name.replace(/\.\w+$/, '');
  const recording = fold(source, readRecording(name, readFileSync(join(folder, name), 'utf8')));
  writeFileSync(new URL(`../../../test/facts/recorded-${source}.json`, import.meta.url), printRecording(recording));
}

/** One line per exchange member, so that a newer recording shows as a readable diff. */
function printRecording({ source, exchanges }: Recording): string {
  const print = (exchange: object): string =>
    Object.entries(exchange)
      .map(([name, value]) => `      ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n');
  const list = exchanges.map((exchange) => `    {\n${print(exchange)}\n    }`).join(',\n');
  return `{\n  "source": ${JSON.stringify(source)},\n  "exchanges": [\n${list}\n  ]\n}\n`;
}
