/** Replaces our table whole, in one nftables transaction, and opens forwarding once it stands. */
import { inNamespace } from '../engine.ts';
import { readSysctls, writeSysctls } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';
import type { FilterState } from './render.ts';

const forwarding = 'net.ipv4.ip_forward';

export async function loadFilter({ run, paths }: CommandContext, namespace: string, desired: FilterState): Promise<void> {
  await run(inNamespace(paths, namespace, ['nft', '-f', '-']), { input: desired.text });
}

/** Only ever called behind a loaded filter. */
export async function openForwarding(context: CommandContext, namespace: string): Promise<void> {
  const values = await readSysctls(context, namespace, [forwarding]);
  if (values[forwarding] !== '1') await writeSysctls(context, namespace, { [forwarding]: '1' });
}
