/** The headers Azure Resource Manager puts on every answer. No client needs them; operators quote the request ids. */
import type { IncomingMessage } from 'node:http';

/** We do not throttle; tools read these numbers. */
const remaining = { reads: '11999', writes: '1199', deletes: '14999' } as const;

export function responseHeaders(facts: {
  readonly requestId: string;
  readonly correlationId: string;
  readonly region: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly request: IncomingMessage;
}): Record<string, string> {
  const { requestId, correlationId, request } = facts;
  const stamp = new Date(facts.now).toISOString().replace(/[-:]|\.\d+/g, '');
  const clientRequestId = request.headers['x-ms-client-request-id'];
  const wantsClientId = request.headers['x-ms-return-client-request-id'] === 'true' && typeof clientRequestId === 'string';
  return {
    'x-ms-request-id': requestId,
    'x-ms-correlation-request-id': correlationId,
    'x-ms-routing-request-id': `${facts.region.toUpperCase()}:${stamp}:${requestId}`,
    'x-ms-arm-service-request-id': requestId,
    ...rateLimit(request.method ?? 'GET'),
    ...(wantsClientId ? { 'x-ms-client-request-id': clientRequestId } : {}),
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
  };
}

function rateLimit(method: string): Record<string, string> {
  if (method === 'GET' || method === 'HEAD') return { 'x-ms-ratelimit-remaining-subscription-reads': remaining.reads };
  if (method === 'DELETE') return { 'x-ms-ratelimit-remaining-subscription-deletes': remaining.deletes };
  return { 'x-ms-ratelimit-remaining-subscription-writes': remaining.writes };
}
