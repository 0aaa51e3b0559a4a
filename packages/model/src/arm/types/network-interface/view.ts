/** A network interface as a GET shows it. No VM is attached, so there is neither `macAddress` nor `virtualMachine`. */
import type { JsonObject } from '../../../json.ts';
import { childEnvelope } from '../children.ts';
import type { NetworkInterface } from '../typed.ts';

export function viewNetworkInterface(nic: NetworkInterface): JsonObject {
  const { ipConfigurations, dnsSettings, ...rest } = nic.properties;
  return {
    ...rest,
    ipConfigurations: ipConfigurations.map(({ name, properties }) => {
      const privateIPAddress = nic.allocated.privateIPAddresses[name.toLowerCase()];
      return childEnvelope(nic, 'ipConfigurations', name, {
        ...properties,
        ...(privateIPAddress === undefined ? {} : { privateIPAddress }),
      });
    }),
    dnsSettings: { ...dnsSettings, appliedDnsServers: [] },
    tapConfigurations: [],
    hostedWorkloads: [],
    vnetEncryptionSupported: false,
  };
}
