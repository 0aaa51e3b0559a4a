/**
 * The command runner of the fake host. It understands exactly what the agent issues and throws on anything else, so a new
 * command can't slip in unnoticed. Faults: the next commands of a kind can be made to fail, and all can be cut off, as a
 * crash of the agent would.
 */
import { CommandError } from '@sallyport/runtime';
import type { CommandOptions, CommandResult } from '@sallyport/runtime';
import { readingBatch } from '@sallyport/protocols';
import { printReading, runIpBatch } from './fake-ip.ts';
import type { Namespaces } from './fake-ip.ts';
import type { FakeNamespace } from './fake-namespace.ts';
import { runNft } from './fake-nft.ts';

type Outcome = { readonly code: number; readonly stdout?: string; readonly stderr?: string };

export type Fault = {
  /** A command it strikes, as `argv.join(' ')`. */
  readonly when: RegExp;
  readonly outcome: { readonly code: number; readonly stderr: string };
  times: number;
};

export class FakeCommands {
  readonly namespaces: Namespaces = new Map();
  /** All commands run, for tests that count. Batches include their input. */
  readonly history: { readonly argv: readonly string[]; readonly input: string }[] = [];
  readonly faults: Fault[] = [];
  /** The command after so many more fails, once. */
  failAfter = Number.POSITIVE_INFINITY;
  /** Commands still answered before the agent's "machine" is cut off. */
  remaining = Number.POSITIVE_INFINITY;

  readonly run = async (argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> => {
    await Promise.resolve(); // never answers in the same turn, as a process would not
    if (this.remaining <= 0) throw new CommandError('failed', argv, 'the agent crashed here');
    this.remaining -= 1;
    this.history.push({ argv, input: options.input ?? '' });
    const outcome = this.#faultFor(argv) ?? this.#execute(argv, options.input ?? '');
    const result = { stdout: outcome.stdout ?? '', stderr: outcome.stderr ?? '', code: outcome.code };
    if ((options.okCodes ?? [0]).includes(result.code)) return result;
    throw new CommandError('failed', argv, `${argv.join(' ')} ended with ${result.code}: ${result.stderr.trimEnd()}`, result);
  };

  #faultFor(argv: readonly string[]): Outcome | undefined {
    this.failAfter -= 1;
    if (this.failAfter === -1) return { code: 1, stderr: 'Cannot allocate memory\n' };
    const fault = this.faults.find((candidate) => candidate.times > 0 && candidate.when.test(argv.join(' ')));
    if (fault === undefined) return undefined;
    fault.times -= 1;
    return fault.outcome;
  }

  #execute(argv: readonly string[], input: string): Outcome {
    const [program = '', ...args] = argv;
    if (program !== 'nsenter') return this.#executeIn(undefined, program, args, input);
    const [where = '', dashes, inner = '', ...rest] = args;
    const name = where.replace('--net=/run/netns/', '');
    const namespace = this.namespaces.get(name);
    if (dashes !== '--') throw new Error(`the fake host does not know "${argv.join(' ')}"`);
    if (namespace === undefined) return { code: 1, stderr: `nsenter: cannot open /run/netns/${name}: No such file or directory\n` };
    return this.#executeIn(namespace, inner, rest, input);
  }

  #executeIn(namespace: FakeNamespace | undefined, program: string, args: readonly string[], input: string): Outcome {
    const words = args.join(' ');
    if (program === 'ip') return this.#ip(namespace, words, input);
    if (program === 'nft' && namespace !== undefined) return runNft(namespace, args, input);
    if (program === 'sysctl' && namespace !== undefined) return writeSysctls(namespace, args);
    if (program === 'sh' && namespace !== undefined) return this.#afterSysctls(namespace, args, input);
    throw new Error(`the fake host does not know "${program} ${words}"`);
  }

  /** The one script that the agent has: see `runAfterSysctls`. */
  #afterSysctls(namespace: FakeNamespace, args: readonly string[], input: string): Outcome {
    const [option, script = '', name, ...rest] = args;
    const end = rest.indexOf('--');
    const [inner = '', ...words] = rest.slice(end + 1);
    if (option !== '-c' || !script.endsWith('exec "$@"') || name !== 'sh' || end === -1)
      throw new Error(`the fake host does not know "sh ${args.join(' ')}"`);
    const keys = rest.slice(0, end).map((file) => file.replace('/proc/sys/', '').replaceAll('/', '.'));
    const values = keys.map((key) => `${key.endsWith('_has_none') ? '' : (namespace.sysctls.get(key) ?? '0')}\n`).join('');
    const outcome = this.#executeIn(namespace, inner, words, input);
    return { ...outcome, stdout: values + (outcome.stdout ?? '') };
  }

  #ip(namespace: FakeNamespace | undefined, words: string, input: string): Outcome {
    if (words === '-force -batch -') return runIpBatch(this.namespaces, namespace, input);
    if (words === '-j -d -N -batch -' && input === readingBatch && namespace !== undefined)
      return { code: 0, stdout: printReading(namespace) };
    if (words === '-j netns list')
      return { code: 0, stdout: this.namespaces.size === 0 ? '' : JSON.stringify([...this.namespaces.keys()].map((name) => ({ name }))) };
    if (/^xfrm (state|policy) flush$/.test(words) && namespace !== undefined) return { code: 0 };
    if (words === probedLink) return { code: 2, stderr: 'Error: Unknown device type.\n' };
    if (!/^netns (add|delete) \S+$/.test(words)) throw new Error(`the fake host does not know "ip ${words}"`);
    const { code, stderr } = runIpBatch(this.namespaces, undefined, `${words}\n`);
    return { code, stderr: stderr.split('\n')[0] ?? '' };
  }
}

/** The kernel probe's first question; this host's kernel has no XFRM interfaces. */
const probedLink = 'link add t1 type xfrm dev lo if_id 1';

function writeSysctls(namespace: FakeNamespace, args: readonly string[]): Outcome {
  if (!args.join(' ').startsWith('-e -q -w ')) throw new Error(`the fake host does not know "sysctl ${args.join(' ')}"`);
  for (const word of args.slice(3)) {
    const [key = '', value = ''] = word.split('=');
    namespace.sysctls.set(key, value);
  }
  return { code: 0 };
}
