/**
 * What the kernel makes by itself when an address comes: the route to the address in the local table, and to its network. Whoever flushes a table
 * takes them along, and nothing brings them back; without them no other route can be made either. Pure. fib_add_ifaddr() in net/ipv4/fib_frontend.c.
 */
import { formatCidr, parseCidr } from '@sallyport/model';
import type { IpLink, IpRule } from '@sallyport/protocols';
import type { DeviceState, RouteState } from './state.ts';

const kernelProtocol = 2;
const [mainTable, localTable] = [254, 255];

/** Those that an interface should have: none before it is up, for they come with that. */
export function kernelRoutes(device: DeviceState, observed: IpLink | undefined): readonly RouteState[] {
  if (observed?.isUp !== true) return [];
  return device.addresses
    .filter((address) => observed.addresses.includes(address))
    .flatMap((address) => {
      const [host = ''] = address.split('/');
      const network = parseCidr(address);
      const common = { protocol: kernelProtocol, metric: 0, source: host, nextHops: [{ device: device.name }], resource: device.resource };
      const own: RouteState = { type: 'local', destination: `${host}/32`, table: localTable, ...common };
      if (network === undefined || network.length === 32) return [own];
      return [own, { type: 'unicast', destination: formatCidr(network), table: mainTable, ...common }];
    });
}

/** That the main table counts; `ip rule flush` leaves the local table alone. */
export const mainRule: IpRule = { priority: 32_766, source: 'all', table: mainTable, protocol: kernelProtocol };
