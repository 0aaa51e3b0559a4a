/**
 * Runs the real Azure CLI against a control plane: own configuration directory, our certificate authority, no telemetry. Nothing
 * of az is changed but the loading fault of Debian 12's package (az-network-shim). The client secret goes to `az login` by
 * argv, which is az's own interface; it is a throw-away secret of a test.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientFile } from '@sallyport/control-plane';
import { systemCommands } from '@sallyport/runtime';
import { AzSession, type AzResult } from './az-session.ts';

export type Az = Disposable & {
  /** Any exit code. `args` as typed after `az`. */
  readonly run: (...args: readonly string[]) => Promise<AzResult>;
  /** What it printed as JSON, undefined when nothing. @throws Error when the exit code is not 0. */
  // oxlint-disable-next-line typescript/no-explicit-any -- a test reads members of JSON it is about to assert
  readonly json: (...args: readonly string[]) => Promise<any>;
  /** Rows of `-o tsv`. @throws Error when the exit code is not 0. */
  readonly tsv: (...args: readonly string[]) => Promise<readonly (readonly string[])[]>;
  /** The same, but loaded once for all its commands; of the same configuration, and of the same end. */
  readonly loaded: () => Az;
};

const program = '/usr/bin/az';
const shim = fileURLToPath(new URL('az-network-shim', import.meta.url));
/** A start of az is one to two seconds, and minutes on a busy machine whose disk has not read it yet: met only on failure. */
const timeoutMs = 240_000;
/** az's exit codes: general, usage, not found. */
const okCodes = [0, 1, 2, 3];

export function openAz(client: Pick<ClientFile, 'caFile'>): Az {
  const directory = mkdtempSync(join(tmpdir(), 'sp-az-'));
  const env = {
    HOME: directory,
    AZURE_CONFIG_DIR: join(directory, 'config'),
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_OUTPUT: 'json',
    AZURE_CORE_NO_COLOR: 'yes',
    AZURE_CORE_ONLY_SHOW_ERRORS: 'yes',
    REQUESTS_CA_BUNDLE: client.caFile,
    PYTHONPATH: shim,
    PYTHONDONTWRITEBYTECODE: '1',
    LC_ALL: 'C.UTF-8',
  };
  const ends: Disposable[] = [];
  const loaded = (): Az => {
    const session = new AzSession(env, timeoutMs);
    ends.push(session);
    return azOver((args) => session.run(args), { loaded, [Symbol.dispose]: () => session[Symbol.dispose]() });
  };
  return azOver((args) => systemCommands.run([program, ...args], { env, okCodes, timeoutMs }), {
    loaded,
    [Symbol.dispose]: () => {
      for (const end of ends) end[Symbol.dispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  });
}

function azOver(run: (args: readonly string[]) => Promise<AzResult>, rest: Pick<Az, 'loaded' | typeof Symbol.dispose>): Az {
  const succeed = async (args: readonly string[]): Promise<string> => {
    const { stdout, stderr, code } = await run(args);
    if (code !== 0) throw new Error(`az ${args.slice(0, 3).join(' ')} … ended with ${code}: ${stderr.trim()}`);
    return stdout;
  };
  return {
    ...rest,
    run: (...args) => run(args),
    json: async (...args) => {
      const text = await succeed(args);
      return text.trim() === '' ? undefined : (JSON.parse(text) as unknown);
    },
    tsv: async (...args) => {
      const text = (await succeed([...args, '-o', 'tsv'])).trimEnd();
      return text === '' ? [] : text.split('\n').map((line) => line.split('\t'));
    },
  };
}

/** Registers the cloud and makes it the current one, as the how-to tells users to. */
export async function registerCloud(az: Az, client: ClientFile): Promise<void> {
  await az.json('cloud', 'register', '-n', 'sallyport', '--endpoint-resource-manager', client.endpoint);
  await az.json('cloud', 'set', '-n', 'sallyport');
}

export async function signIn(az: Az, client: ClientFile): Promise<void> {
  await az.json('login', '--service-principal', '-u', client.clientId, '-p', client.clientSecret, '--tenant', client.tenantId);
}
