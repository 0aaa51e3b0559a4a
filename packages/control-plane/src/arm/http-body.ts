/**
 * Reads a request body within ARM's limit. A body beyond it is drained before we answer, as a server that hangs up in
 * the middle of an upload leaves its client with a broken connection instead of an error.
 */
import type { IncomingMessage } from 'node:http';
import { armErrors } from '@sallyport/model';
import type { ArmBody } from './message.ts';
import { ArmFailure } from './message.ts';

export const bodyLimitBytes = 4 * 1024 * 1024;
/** Beyond this we do hang up. */
const drainLimitBytes = 64 * 1024 * 1024;

const accepted = /^(application\/(json|x-www-form-urlencoded|octet-stream)|text\/(json|plain)|[\w.+-]+\/[\w.-]+\+json)\s*(;|$)/i;

/** @throws ArmFailure 413, 415 (RFC 9110 §15.5.16) or 400 for text that is not UTF-8. */
export async function readBody(request: IncomingMessage): Promise<ArmBody> {
  if (request.method === 'GET' || request.method === 'HEAD') return { type: 'none' };
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer; // no encoding was set
    size += bytes.length;
    if (size <= bodyLimitBytes) chunks.push(bytes);
    if (size > drainLimitBytes) break;
  }
  if (size > bodyLimitBytes) throw new ArmFailure(armErrors.requestTooLarge(bodyLimitBytes));
  if (size === 0) return { type: 'none' };
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding.trim().toLowerCase() !== 'identity')
    throw new ArmFailure(armErrors.unsupportedContentEncoding(encoding), { 'accept-encoding': 'identity' });
  const contentType = request.headers['content-type'];
  if (contentType !== undefined && !accepted.test(contentType)) throw new ArmFailure(armErrors.unsupportedMediaType(contentType));
  try {
    return { type: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)) };
  } catch {
    throw new ArmFailure(armErrors.invalidRequestContent('The request body is not UTF-8 text'));
  }
}
