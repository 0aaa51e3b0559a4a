/** Which secrets a host's plan refers to: the only ones the control plane gives it, and the only ones it keeps copies of. */
import type { HostPlan, SecretReference, TunnelPlan } from './plan.ts';

export function secretReferences(plan: HostPlan): readonly SecretReference[] {
  return plan.instances.flatMap(({ tunnels }) => tunnels.flatMap(secretsOf));
}

function secretsOf({ ike }: TunnelPlan): readonly SecretReference[] {
  return [ike.sharedKey, ike.previousSharedKey, ike.certificate?.own].flatMap((reference) => reference ?? []);
}
