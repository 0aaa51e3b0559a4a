/** Who makes a request: its bearer token, checked. RFC 6750. */
import { armErrors } from '@sallyport/model';
import type { Authenticate } from '../arm/dispatch.ts';
import type { ArmRequest } from '../arm/message.ts';
import { ArmFailure } from '../arm/message.ts';
import { isOurAudience } from './audience.ts';
import type { IdentityOptions } from './endpoints.ts';

export function createAuthentication(options: IdentityOptions): Authenticate {
  return async (request) => {
    const header = request.headers.get('authorization');
    if (header === undefined || header === '') throw new ArmFailure(armErrors.authenticationFailed(), challenge(options, request));
    const token = /^bearer +(\S+)$/i.exec(header)?.[1];
    const isAudience = (audience: string): boolean => isOurAudience(audience, [new URL(request.baseUrl).host, ...options.hosts]);
    const found = token === undefined ? armErrors.invalidAuthenticationToken() : await options.tokens.verify(token, isAudience);
    if ('code' in found) throw new ArmFailure(found, challenge(options, request, found.message));
    return { ...request, principal: found };
  };
}

function challenge(options: IdentityOptions, request: ArmRequest, description?: string): Record<string, string> {
  const uri = `${request.baseUrl}/${options.settings.tenantId}`;
  const wrong = description === undefined ? '' : `, error="invalid_token", error_description="${description.replaceAll('"', "'")}"`;
  return { 'www-authenticate': `Bearer authorization_uri="${uri}"${wrong}` };
}
