/** The secrets that a host's plan refers to. */
import type { HostPlan, SecretReference } from '@sallyport/model';

export function secretReferences(plan: HostPlan): readonly SecretReference[] {
  return plan.instances.flatMap(({ tunnels }) => tunnels.map(({ ike }) => ike.sharedKey));
}
