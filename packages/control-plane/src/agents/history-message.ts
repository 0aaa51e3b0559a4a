/** Reads a tunnel's history as an agent posts it: bytes of a host, shown to users, so every member is checked. */
import * as z from 'zod';
import { agentProtocolVersion, historyEntriesSent } from '@sallyport/model';
import type { IkeHistoryEntry, ResourceId } from '@sallyport/model';

const text = z.string().max(4096);
const schema = z.looseObject({
  protocolVersion: z.literal(agentProtocolVersion),
  connection: text,
  entries: z
    .array(
      z.object({
        at: text,
        category: z.enum(['IKEDiagnosticLog', 'TunnelDiagnosticLog']),
        session: text,
        remote: text,
        local: text,
        role: z.enum(['initiator', 'responder']).exactOptional(),
        tags: z.array(text).max(8),
        message: text,
      }),
    )
    .max(historyEntriesSent),
});

export function parseHistoryMessage(
  body: unknown,
):
  | { readonly ok: true; readonly connection: ResourceId; readonly entries: readonly IkeHistoryEntry[] }
  | { readonly ok: false; readonly reason: string } {
  const parsed = schema.safeParse(body);
  if (!parsed.success)
    return { ok: false, reason: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ') };
  const { connection, entries } = parsed.data;
  return { ok: true, connection: connection as ResourceId, entries }; // compared with ids of ours before it is used
}
