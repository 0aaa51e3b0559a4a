/**
 * Debian's unmodified libreswan for tests, on xfrmd through the shim. It is end `a`; the peer is a charon of charon-testbed.ts.
 * Unpacked by tools/peers/unpack.sh; its programs expect /usr/libexec/ipsec, so pluto runs in a mount namespace that has it.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { shellWord, systemClock, systemCommands, until } from '@sallyport/runtime';
import { inner, outer, shimEnvironment } from './charon-testbed.ts';
import type { Testbed } from './testbed.ts';

const clone = fileURLToPath(new URL('../../../..', import.meta.url));
const unpacked = join(clone, 'build', 'libreswan');
const programs = join(unpacked, 'usr', 'libexec', 'ipsec');
const libraries = { LD_LIBRARY_PATH: join(unpacked, 'usr', 'lib', 'x86_64-linux-gnu') };

/** As ipsec.conf(5) names them; undefined: a default of ours that is left out. */
type Settings = Readonly<Record<string, string | undefined>>;

export class Libreswan {
  readonly #testbed: Testbed;

  private constructor(testbed: Testbed) {
    this.#testbed = testbed;
  }

  /** `settings` of its one connection, `hq`, beside the addresses. */
  static async start(testbed: Testbed, settings: Settings): Promise<Libreswan> {
    await systemCommands.run([join(clone, 'tools', 'peers', 'unpack.sh'), 'libreswan', 'usr/libexec/ipsec/pluto'], { timeoutMs: 120_000 });
    const pluto = new Libreswan(testbed);
    mkdirSync(pluto.#directory, { mode: 0o700 });
    pluto.#configure(settings);
    writeFileSync(join(pluto.#directory, 'secrets'), `${outer.a} %any : PSK "Contract.Key.1"\n`, { mode: 0o600 });
    await testbed.exec('a', [
      'env',
      ...assignments(libraries),
      'sh',
      '-c',
      `PATH=${shellWord(join(unpacked, 'usr', 'bin'))}:$PATH certutil "$@"`,
      'sh',
      '-N',
      '-d',
      `sql:${pluto.#directory}`,
      '--empty-password',
    ]);
    pluto.#run();
    await until(() => existsSync(join(pluto.#directory, 'pluto.ctl')), Boolean, {
      because: 'pluto listens',
      clock: systemClock,
      timeoutMs: 20_000,
    });
    return pluto;
  }

  /** Forgets the connection and makes it again. */
  async reconfigure(settings: Settings): Promise<void> {
    await this.whack('--name', 'hq', '--delete');
    this.#configure(settings);
    await this.#control('addconn', '--config', join(this.#directory, 'ipsec.conf'), '--addall');
    await this.whack('--listen');
  }

  /** Exit codes of whack are message numbers; what came of it is in the output. */
  async whack(...argv: readonly string[]): Promise<string> {
    return this.#control('whack', ...argv);
  }

  get log(): string {
    return readFileSync(join(this.#testbed.directory, 'pluto.log'), 'utf8');
  }

  get #directory(): string {
    return join(this.#testbed.directory, 'pluto');
  }

  #configure(settings: Settings): void {
    const all: Settings = {
      left: outer.a,
      leftsubnet: '10.1.0.0/24',
      leftsourceip: inner.a,
      right: outer.b,
      rightsubnet: '10.2.0.0/24',
      authby: 'secret',
      ikev2: 'insist',
      ike: 'aes256-sha2_256;modp2048',
      encapsulation: 'yes',
      leftupdown: '/bin/true', // routes are the test's business
      auto: 'add',
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => (value === undefined ? '' : `  ${name}=${value}\n`));
    writeFileSync(join(this.#directory, 'ipsec.conf'), `config setup\nconn hq\n${lines.join('')}`);
  }

  #run(): void {
    const files = ['--config', join(this.#directory, 'ipsec.conf'), '--secretsfile', join(this.#directory, 'secrets')];
    const folders = ['--rundir', this.#directory, '--ipsecdir', this.#directory, '--nssdir', this.#directory];
    const mounted =
      'mount -t tmpfs none /usr/libexec && mkdir /usr/libexec/ipsec && mount --bind "$1" /usr/libexec/ipsec && shift && exec "$@"';
    const pluto = ['env', ...assignments({ ...libraries, ...shimEnvironment(this.#testbed, 'a') }), '/usr/libexec/ipsec/pluto'];
    const argv = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', mounted, 'sh', programs, ...pluto];
    this.#testbed.start('a', 'pluto', [...argv, '--nofork', '--stderrlog', '--log-no-audit', ...files, ...folders]);
  }

  async #control(program: string, ...argv: readonly string[]): Promise<string> {
    const control = ['--ctlsocket', join(this.#directory, 'pluto.ctl')];
    const any = Array.from({ length: 256 }, (_, code) => code);
    const { stdout } = await this.#testbed.exec('a', ['env', ...assignments(libraries), join(programs, program), ...control, ...argv], {
      okCodes: any,
    });
    return stdout;
  }
}

function assignments(environment: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}
