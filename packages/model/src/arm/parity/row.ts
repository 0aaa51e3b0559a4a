/** What a row of the parity table says, and the pages the rules come from. */
export type ParityStatus = 'implemented' | 'differs' | 'not yet';

export type ParityRow = {
  /** Also the `rule` of the issue that enforces it. */
  readonly id: string;
  /** In our words. */
  readonly rule: string;
  /** Microsoft's page. */
  readonly source: string;
  readonly status: ParityStatus;
  /** What differs, what is missing, or where code and text come from. */
  readonly note: string;
};

const learn = 'https://learn.microsoft.com/azure';
export const pages = {
  arm: `${learn}/azure-resource-manager/troubleshooting/common-deployment-errors`,
  names: `${learn}/azure-resource-manager/management/resource-name-rules`,
  tags: `${learn}/azure-resource-manager/management/tag-resources`,
  limits: `${learn}/azure-resource-manager/management/azure-subscription-service-limits`,
  network: `${learn}/virtual-network/virtual-networks-faq`,
  peering: `${learn}/virtual-network/virtual-network-manage-peering`,
  address: `${learn}/virtual-network/ip-services/public-ip-addresses`,
  nic: `${learn}/virtual-network/ip-services/virtual-network-network-interface-addresses`,
  routes: `${learn}/virtual-network/virtual-networks-udr-overview`,
  groups: `${learn}/virtual-network/network-security-groups-overview`,
  settings: `${learn}/vpn-gateway/vpn-gateway-about-vpn-gateway-settings`,
  skus: `${learn}/vpn-gateway/about-gateway-skus`,
  resize: `${learn}/vpn-gateway/gateway-sku-resize`,
  faq: `${learn}/vpn-gateway/vpn-gateway-vpn-faq`,
  activeActive: `${learn}/vpn-gateway/vpn-gateway-highlyavailable`,
  bgp: `${learn}/vpn-gateway/bgp-howto`,
  nat: `${learn}/vpn-gateway/nat-overview`,
  pointToSite: `${learn}/vpn-gateway/point-to-site-about`,
  policies: `${learn}/vpn-gateway/vpn-gateway-about-compliance-crypto`,
  selectors: `${learn}/vpn-gateway/vpn-gateway-connect-multiple-policybased-rm-ps`,
  certificates: `${learn}/vpn-gateway/site-to-site-certificate-authentication-gateway-portal`,
  privatePeering: `${learn}/vpn-gateway/site-to-site-vpn-private-peering`,
  coexistence: `${learn}/expressroute/how-to-configure-coexisting-gateway-portal`,
  devices: `${learn}/vpn-gateway/vpn-gateway-about-vpn-devices`,
  scripts: `${learn}/vpn-gateway/vpn-gateway-download-vpndevicescript`,
  keys: 'https://learn.microsoft.com/rest/api/network-gateway/virtual-network-gateway-connections/set-shared-key',
  local: `${learn}/vpn-gateway/vpn-gateway-modify-local-network-gateway`,
  watcher: `${learn}/network-watcher/network-watcher-create`,
  troubleshoot: `${learn}/network-watcher/vpn-troubleshoot-overview`,
  reset: `${learn}/vpn-gateway/reset-gateway`,
  capture: `${learn}/vpn-gateway/packet-capture`,
  rest: 'https://learn.microsoft.com/rest/api/network-gateway/',
} as const;

/** Azure refuses this, but the code it answers with is not published; ours is in its style. */
export const ourCode = "Code and text are ours: Azure's are not published.";
export const ourCodeKnownText = "Text is Azure's, the code is ours.";

export function row(id: string, rule: string, source: string, note = ''): ParityRow {
  return { id, rule, source, status: 'implemented', note };
}

export function differs(id: string, rule: string, source: string, note: string): ParityRow {
  return { id, rule, source, status: 'differs', note };
}

export function notYet(id: string, rule: string, source: string, note: string): ParityRow {
  return { id, rule, source, status: 'not yet', note };
}
