/** strongSwan 5.9 and later with swanctl, on Linux. https://docs.strongswan.org/docs/latest/swanctl/swanctlConf.html */
import type { AlgorithmNames } from '../algorithms.ts';
import type { DeviceScriptFacts } from '../facts.ts';
import type { DeviceLanguage } from '../family.ts';
import { cleanup, commented, namedTunnels, objectName, opening, textOf } from '../text.ts';
import { frrLines, segmentSizeLines } from './frr.ts';
import { swanctlAlgorithms, swanctlSections } from './swanctl.ts';

export const strongSwan: DeviceLanguage = { title: 'strongSwan', algorithms: swanctlAlgorithms, render };

function render(facts: DeviceScriptFacts, names: AlgorithmNames): string {
  const file = `/etc/swanctl/conf.d/${objectName(facts, 40)}.conf`;
  const tunnels = namedTunnels(facts, 40);
  const hasInterface = facts.bgp !== undefined && facts.selectors === 'any';
  const interfaceOf = ({ unit }: { readonly unit: number }): string => `ipsec${unit}`;
  return textOf(
    opening('#', 'strongSwan (swanctl)', facts, `Save it as ${file}, readable by root only, then: swanctl --load-all`),
    '',
    swanctlSections(facts, names, ({ unit }) => (hasInterface ? [`if_id_in = ${unit}`, `if_id_out = ${unit}`] : [])),
    '',
    segmentSizeLines(facts),
    hasInterface
      ? [
          commented(
            '#',
            'REPLACE: eth0 is the interface to the Internet. Set charon.install_routes = no in strongswan.conf. The tunnel interfaces:',
            tunnels.map(({ unit }) => [
              `  ip link add ipsec${unit} type xfrm dev eth0 if_id ${unit}`,
              `  ip link set ipsec${unit} mtu ${facts.mtu} up`,
            ]),
          ),
          frrLines(facts, tunnels, interfaceOf),
        ]
      : undefined,
    '',
    cleanup(
      '#',
      tunnels.map(({ name }) => `swanctl --terminate --ike ${name}`),
      `rm ${file}`,
      'swanctl --load-all --clear',
      'nft delete table inet azure-mss',
      hasInterface ? tunnels.map((tunnel) => `ip link delete ${interfaceOf(tunnel)}`) : undefined,
    ),
  );
}
