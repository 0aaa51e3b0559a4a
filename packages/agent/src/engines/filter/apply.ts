/** Opens forwarding in a gateway instance, once its filter stands. */
import { readSysctls, writeSysctls } from '../../reconcile/namespace-commands.ts';
import type { CommandContext } from '../../reconcile/namespace-commands.ts';

const forwarding = 'net.ipv4.ip_forward';

/** Only ever called behind a loaded filter. */
export async function openForwarding(context: CommandContext, namespace: string): Promise<void> {
  const values = await readSysctls(context, namespace, [forwarding]);
  if (values[forwarding] !== '1') await writeSysctls(context, namespace, { [forwarding]: '1' });
}
