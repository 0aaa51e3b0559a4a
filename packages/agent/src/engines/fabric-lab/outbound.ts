/**
 * A VNet's default outbound access on the lab fabric: source NAT to the address of its Internet leg, as Azure does with an address of
 * its own. Pure. Nothing private leaves untranslated, nothing comes in that was not asked for. Not a NAT gateway resource.
 * https://learn.microsoft.com/azure/virtual-network/ip-services/default-outbound-access
 */
import type { VnetPlan } from '@sallyport/model';
import { markedTable } from '../marked-table.ts';
import type { MarkedTable } from '../marked-table.ts';

/** The leg in the VNet's namespace. */
export const internetDevice = 'internet';
const privateSet = '{ 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16 }';

export function outboundTable({ addressPrefixes, outbound }: VnetPlan): MarkedTable | undefined {
  if (outbound === undefined) return undefined;
  const own = `{ ${addressPrefixes.join(', ')} }`;
  const replies = [`iifname "${internetDevice}" ct state established,related accept`, `iifname "${internetDevice}" drop`];
  return markedTable([
    {
      name: 'forward',
      hook: 'type filter hook forward priority 0; policy accept;',
      rules: [...replies, `oifname "${internetDevice}" ip saddr != ${own} drop`, `oifname "${internetDevice}" ip daddr ${privateSet} drop`],
    },
    { name: 'input', hook: 'type filter hook input priority 0; policy accept;', rules: replies },
    {
      name: 'postrouting',
      hook: 'type nat hook postrouting priority 100; policy accept;',
      rules: [`oifname "${internetDevice}" snat ip to ${outbound.address}`],
    },
  ]);
}
