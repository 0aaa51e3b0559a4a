/** A planner for the fixture types: every thing is one VNet of the first host, so that plans change when things do. */
import type { Plan, PlanNumber, Resource, VnetPlan } from '@sallyport/model';
import type { PlanInput, PlanResult } from '@sallyport/planner';
import type { Planner } from '../planning/planner.ts';
import { thingType } from './fixture-rules.ts';

export const fixturePlanner: Planner = { plan, checkPlan: () => [] };

function plan(input: PlanInput): PlanResult {
  const host = input.inventory.hosts[0]?.name ?? 'none';
  const things = input.resources.filter(({ type }) => type === thingType);
  const hosts: Plan['hosts'] = [
    { host, publicNetworks: [], vnets: things.map((thing) => vnetOf(thing, input)), networkInterfaces: [], instances: [] },
  ];
  const isSame = input.previous !== undefined && JSON.stringify(input.previous.hosts) === JSON.stringify(hosts);
  const number = isSame ? input.previous.number : (((input.previous?.number ?? 0) + 1) as PlanNumber); // brand
  return { plan: { number, hosts }, report: things.map(({ id }) => ({ resource: id, isPlanned: true, hosts: [host] })), issues: [] };
}

function vnetOf(thing: Resource, input: PlanInput): VnetPlan {
  const version = input.secretVersions.get(`${thing.id.toLowerCase()}#sharedKey`) ?? 0;
  return { vnet: thing.id, namespace: `${JSON.stringify(thing.properties)}#${version}`, addressPrefixes: [], subnets: [], routes: [] };
}
