/** `sallyport doctor`: what this machine can run, and for what it can't the reason and the remedy, one sentence each. Leaves nothing behind. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groundTrouble } from '@sallyport/runtime';
import type { Command } from '../command.ts';
import { dataDirectory, dataDirectoryOption, parseOptions, print, printJson, refusePositionals } from '../command.ts';
import { tryKernel } from '../doctor-kernel.ts';
import type { Finding } from '../doctor-kernel.ts';
import { tryXfrmd } from '../doctor-xfrmd.ts';
import { isPortFree } from '../free-port.ts';
import { clone, shimLibrary, xfrmdProgram } from '../installation.ts';
import { tableLines } from '../table.ts';

export const doctor: Command = {
  summary: 'what this machine can run, and why not',
  help: `
Usage: sallyport doctor [--data-dir DIR] [--json]

Exit code 0 when \`npm start\` can run here, else 1. \`npm run demo\` needs nothing of this but Node.

Options:
  --data-dir DIR   whether this folder can be written, in place of /var/lib/sallyport`,
  run: async (args) => {
    const { values, positionals } = parseOptions(args, { ...dataDirectoryOption, json: { type: 'boolean' } });
    refusePositionals(positionals);
    const findings = [
      node(),
      root(),
      ...programs(),
      ...disks([dataDirectory(values['data-dir']), '/run', tmpdir()]),
      tun(),
      dataPlane(),
      clock(),
      appArmor(),
      ...(await tryKernel()),
      ...(await tryXfrmd()),
      await port(),
    ];
    if (values.json === true) printJson(findings);
    else for (const line of report(findings)) print(line);
    return findings.some(({ state }) => state === 'missing') ? 1 : 0;
  },
};

function report(findings: readonly Finding[]): readonly string[] {
  const rows = findings.map(({ name, state, detail }) => [state, name, detail]);
  const remedies = findings.flatMap(({ state, name, remedy }) => (state === 'ok' || remedy === undefined ? [] : [`${name}: ${remedy}`]));
  const verdict = findings.some(({ state }) => state === 'missing') ? 'npm start can not run here yet:' : 'npm start can run here.';
  return [...tableLines(['', 'WHAT', ''], rows).slice(1), '', verdict, ...remedies];
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isEnough = major > 24 || (major === 24 && minor >= 15);
  return isEnough
    ? { name: 'node', state: 'ok', detail: process.versions.node }
    : {
        name: 'node',
        state: 'missing',
        detail: process.versions.node,
        remedy: 'run through npm scripts, which use the Node 24 of this clone',
      };
}

function root(): Finding {
  return process.getuid?.() === 0
    ? { name: 'root', state: 'ok', detail: 'yes' }
    : { name: 'root', state: 'missing', detail: 'no', remedy: 'network namespaces need root: run it as root' };
}

/** Program → Debian package. The last ones are for `npm test` only. */
const packages: readonly (readonly [program: string, debianPackage: string, isForTests: boolean])[] = [
  ['charon-systemd', 'charon-systemd', false],
  ['swanctl', 'strongswan-swanctl', false],
  ['ip', 'iproute2', false],
  ['nft', 'nftables', false],
  ['nsenter', 'util-linux', false],
  ['sysctl', 'procps', false],
  ['ping', 'iputils-ping', false],
  ['tcpdump', 'tcpdump', true],
  ['tshark', 'tshark', true],
  ['iperf3', 'iperf3', true],
  ['az', 'azure-cli', true],
];

function programs(): readonly Finding[] {
  return packages.map(([program, debianPackage, isForTests]) => {
    const found = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
      .map((at) => join(at, program))
      .find(existsSync);
    if (found !== undefined) return { name: program, state: 'ok', detail: found };
    const remedy = `apt-get install ${debianPackage}${isForTests ? ' (only npm test needs it)' : ', or let npm start do it'}`;
    return { name: program, state: isForTests ? 'note' : 'missing', detail: 'not installed', remedy };
  });
}

function disks(directories: readonly string[]): readonly Finding[] {
  return directories.map((directory) => diskFinding(directory, groundTrouble(directory)));
}

/** @param trouble a sentence of `groundTrouble`, whose remedy follows its last colon: a folder may have one in its name. */
export function diskFinding(directory: string, trouble: string | undefined): Finding {
  if (trouble === undefined) return { name: directory, state: 'ok', detail: 'can be written' };
  const at = trouble.lastIndexOf(': ');
  return { name: directory, state: 'missing', detail: trouble.slice(0, at), remedy: trouble.slice(at + 2) };
}

function tun(): Finding {
  return existsSync('/dev/net/tun')
    ? { name: '/dev/net/tun', state: 'ok', detail: 'there' }
    : {
        name: '/dev/net/tun',
        state: 'missing',
        detail: 'not there',
        remedy: 'tunnels in user space need it: mknod /dev/net/tun c 10 200, in a container also its device permission',
      };
}

function dataPlane(): Finding {
  const missing = [xfrmdProgram, shimLibrary].filter((file) => !existsSync(file));
  return missing.length === 0
    ? { name: 'data plane', state: 'ok', detail: xfrmdProgram }
    : { name: 'data plane', state: 'missing', detail: 'not built', remedy: 'sh tools/set-up.sh start builds it' };
}

/** Certificates and tokens carry times; a clock before this clone was made is wrong for certain. */
function clock(): Finding {
  const [now, made] = [Date.now(), statSync(join(clone, 'package.json')).mtimeMs];
  const detail = new Date(now).toISOString();
  return now >= made
    ? { name: 'clock', state: 'ok', detail }
    : {
        name: 'clock',
        state: 'missing',
        detail,
        remedy: 'the clock is earlier than this clone’s files: set it, or no certificate is valid',
      };
}

function appArmor(): Finding {
  const file = '/sys/kernel/security/apparmor/profiles';
  const confined =
    existsSync(file) &&
    readFileSync(file, 'utf8')
      .split('\n')
      .find((line) => line.includes('charon') && line.includes('enforce'));
  return typeof confined === 'string'
    ? {
        name: 'apparmor',
        state: 'note',
        detail: confined,
        remedy:
          'this profile keeps charon from our data plane: aa-complain it, or allow libxfrmshim.so and /run/sallyport in /etc/apparmor.d/local',
      }
    : { name: 'apparmor', state: 'ok', detail: 'charon is not confined' };
}

async function port(): Promise<Finding> {
  return (await isPortFree(8443))
    ? { name: 'port 8443', state: 'ok', detail: 'free' }
    : { name: 'port 8443', state: 'note', detail: 'in use', remedy: 'sallyport up needs another one: --listen 127.0.0.1:PORT' };
}
