/** Tunnels of each instance: a peer that is somebody else, one way for each prefix, and something to propose. */
import { contains, parseCidr, resourceName, type HostPlan, type InstancePlan, type Issue, type TunnelPlan } from '@sallyport/model';
import { planIssue } from './plan-issue.ts';

export function tunnelIssues({ instances }: HostPlan): readonly Issue[] {
  return instances.flatMap((instance) => [
    ...instance.tunnels.flatMap((tunnel) => singleIssues(instance, tunnel)),
    ...sharedIssues(instance, 'peer', ({ ike }) => [ike.remoteAddress.toLowerCase()]),
    ...sharedIssues(instance, 'prefix', ({ remotePrefixes }) => remotePrefixes),
  ]);
}

function singleIssues({ public: outside, vnet }: InstancePlan, tunnel: TunnelPlan): readonly Issue[] {
  const { connection, ike, esp, remotePrefixes } = tunnel;
  const name = `connection ${resourceName(connection)}`;
  const found: Issue[] = [];
  const impossible = (because: string): void => void found.push(planIssue('PlanImpossibleTunnel', connection, `${name} ${because}`));
  if (ike.remoteAddress === '' || ike.remoteAddress === ike.localAddress) {
    found.push(planIssue('PlanMissingPeer', connection, `${name} has no peer but itself`));
  }
  const own = [outside.address, vnet.address.split('/')[0] ?? ''];
  if (!own.includes(ike.localAddress)) impossible(`starts at ${ike.localAddress}, but its instance has ${own.join(' and ')}`);
  if (!ike.initiates && !ike.responds) impossible('neither initiates nor responds');
  if ([ike.offers, ike.accepts, esp.offers, esp.accepts].some(({ length }) => length === 0)) impossible('has an empty list of proposals');
  if (esp.selectors.length === 0) impossible('has no traffic selectors');
  if ([ike.lifetimeSeconds, esp.lifetimeSeconds, esp.lifetimeKilobytes, tunnel.mtu].some((value) => value <= 0)) {
    impossible('has a lifetime or MTU of 0');
  }
  if (ike.dpdTimeoutSeconds === 0 && esp.idleTimeoutSeconds === 0) impossible('stays up and never looks whether its peer is there');
  const space = vnet.prefixes.map(parseCidr);
  for (const prefix of remotePrefixes) {
    const remote = parseCidr(prefix);
    if (remote === undefined) impossible(`routes "${prefix}", which is no prefix`);
    else if (space.some((own) => own !== undefined && contains(own, remote))) {
      found.push(planIssue('PlanOverlap', connection, `${name} routes ${prefix}, which is the virtual network's own`));
    }
  }
  return found;
}

function sharedIssues({ tunnels }: InstancePlan, what: string, valuesOf: (tunnel: TunnelPlan) => readonly string[]): readonly Issue[] {
  const owners = new Map<string, string>();
  return tunnels.flatMap((tunnel) =>
    valuesOf(tunnel).flatMap((value) => {
      const owner = owners.get(value);
      owners.set(value, tunnel.connection);
      if (owner === undefined) return [];
      return planIssue(
        'PlanOverlap',
        tunnel.connection,
        `${what} ${value} is that of connections ${resourceName(owner)} and ${resourceName(tunnel.connection)}`,
      );
    }),
  );
}
