/** Ids, namespaces and names of one host: each once, and of the form Linux and charon take. */
import { resourceName, type HostPlan, type Issue } from '@sallyport/model';
import { planIssue } from './plan-issue.ts';

type Used = { readonly value: string | number; readonly by: string };

export function uniquenessIssues({ vnets, networkInterfaces, instances }: HostPlan): readonly Issue[] {
  const bridges = vnets.flatMap(({ subnets }) => subnets.map(({ subnet, bridgeId }): Used => ({ value: bridgeId, by: subnet })));
  const links = [
    ...vnets.flatMap(({ vnet, outbound }): readonly Used[] => (outbound === undefined ? [] : [{ value: outbound.linkId, by: vnet }])),
    ...networkInterfaces.map(({ networkInterface, linkId }): Used => ({ value: linkId, by: networkInterface })),
    ...instances.flatMap((one): readonly Used[] => [
      { value: one.public.linkId, by: one.id },
      { value: one.vnet.linkId, by: one.id },
    ]),
  ];
  const tunnels = instances.flatMap((one) => one.tunnels.map(({ connection, ifId }): Used => ({ value: ifId, by: connection })));
  const namespaces = [
    // The fabric's own.
    { value: 'public', by: 'the public network' },
    ...vnets.map(({ vnet, namespace }): Used => ({ value: namespace, by: vnet })),
    ...networkInterfaces.map(({ networkInterface, namespace }): Used => ({ value: namespace, by: networkInterface })),
    ...instances.map(({ id, namespace }): Used => ({ value: namespace, by: id })),
  ];
  const tunnelNames = instances.map((one) => one.tunnels.map(({ connection, name }): Used => ({ value: name, by: connection })));
  return [
    ...idIssues('bridge', bridges),
    ...idIssues('link', links),
    ...idIssues('tunnel interface', tunnels),
    ...nameIssues('namespace', namespaces),
    ...tunnelNames.flatMap((names) => nameIssues('tunnel', names)),
  ];
}

function idIssues(kind: string, used: readonly Used[]): readonly Issue[] {
  const bad = used.filter(({ value }) => !Number.isInteger(value) || Number(value) < 1);
  return [
    ...bad.map(({ value, by }) => planIssue('PlanBadId', by, `${kind} id ${value} of ${resourceName(by)} is no id`)),
    ...twice(kind, used),
  ];
}

function nameIssues(kind: string, used: readonly Used[]): readonly Issue[] {
  const bad = used.filter(({ value }) => !/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(String(value)));
  return [
    ...bad.map(({ value, by }) =>
      planIssue('PlanBadName', by, `${kind} name "${value}" of ${resourceName(by)} is not made of a-z, 0-9 and -`),
    ),
    ...twice(kind, used),
  ];
}

function twice(kind: string, used: readonly Used[]): readonly Issue[] {
  const first = new Map<string | number, string>();
  return used.flatMap(({ value, by }) => {
    const other = first.get(value);
    if (other !== undefined)
      return planIssue('PlanDuplicateId', by, `${kind} ${value} is given to ${resourceName(other)} and to ${resourceName(by)}`);
    first.set(value, by);
    return [];
  });
}
