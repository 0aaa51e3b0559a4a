/**
 * Reads an agent's report. An agent is ours but its bytes are not trusted: members that decide something are checked, the rest
 * of an observation is looked at only by views, which tolerate what is missing.
 */
import * as z from 'zod';
import { agentProtocolVersion } from '@sallyport/model';
import type { HostObservation } from '@sallyport/model';

const failure = z.looseObject({ resource: z.string(), code: z.string(), message: z.string() });
const connection = z.looseObject({
  connection: z.string(),
  instance: z.string(),
  observedAt: z.string(),
  status: z.enum(['Unknown', 'Connecting', 'Connected', 'NotConnected']),
  ingressBytes: z.number(),
  egressBytes: z.number(),
  ingressPackets: z.number(),
  egressPackets: z.number(),
  sharedKeyVersion: z.number().exactOptional(),
  reason: z.looseObject({ code: z.string(), message: z.string(), at: z.string() }).exactOptional(),
  ikeSas: z.array(z.looseObject({ uniqueId: z.string(), childSas: z.array(z.looseObject({ name: z.string() })) })),
});
const instance = z.looseObject({
  id: z.string(),
  state: z.enum(['Starting', 'Running', 'Failed']),
  engines: z.array(z.looseObject({ name: z.string(), isHealthy: z.boolean() })),
  connections: z.array(connection),
});
const schema = z.looseObject({
  protocolVersion: z.literal(agentProtocolVersion),
  store: z.string().exactOptional(),
  observation: z.looseObject({
    host: z.string(),
    appliedPlan: z.int().min(0),
    observedAt: z.string(),
    failures: z.array(failure),
    instances: z.array(instance),
  }),
});

export function parseObservationMessage(
  body: unknown,
):
  | { readonly ok: true; readonly observation: HostObservation; readonly store: string | undefined }
  | { readonly ok: false; readonly reason: string } {
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    return { ok: false, reason: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
  // Brands and the members that only views read are not checked again.
  return { ok: true, observation: parsed.data.observation as unknown as HostObservation, store: parsed.data.store };
}
