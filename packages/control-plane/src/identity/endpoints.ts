/**
 * Where clients sign in: discovery and token endpoints in the ADFS style that az accepts offline, and in the Entra style of
 * @azure/identity and Terraform. Client credentials only; OAuth 2.0, RFC 6749 §4.4 and §5.2, error texts as Entra's.
 */
import type { Settings } from '../settings.ts';
import type { ArmRequest, ArmResponse } from '../arm/message.ts';
import type { ArmRoute, PathParameters } from '../arm/router.ts';
import { isOurAudience, normaliseAudience } from './audience.ts';
import type { ClientRegistry } from './clients.ts';
import type { TokenAuthority } from './tokens.ts';

export type IdentityOptions = {
  readonly settings: Settings;
  readonly clients: ClientRegistry;
  readonly tokens: TokenAuthority;
  /** `host:port` under which we may be reached besides the request's own. */
  readonly hosts: readonly string[];
};

export function identityRoutes(options: IdentityOptions): readonly ArmRoute[] {
  const open = { isAnonymous: true, needsApiVersion: false } as const;
  const token = (request: ArmRequest, path: PathParameters): Promise<ArmResponse> => issueToken(options, request, path.get('tenant'));
  return [
    {
      method: 'GET',
      pattern: '/adfs/.well-known/openid-configuration',
      handle: (request) => discovery(request, '/adfs', 'oauth2'),
      ...open,
    },
    { method: 'POST', pattern: '/adfs/oauth2/token', handle: token, ...open },
    { method: 'POST', pattern: '/adfs/{tenant}/oauth2/v2.0/token', handle: token, ...open },
    { method: 'POST', pattern: '/adfs/{tenant}/oauth2/token', handle: token, ...open },
    { method: 'GET', pattern: '/adfs/{tenant}/v2.0/.well-known/openid-configuration', handle: tenantDiscovery('/adfs'), ...open },
    { method: 'GET', pattern: '/{tenant}/.well-known/openid-configuration', handle: tenantDiscovery(''), ...open },
    { method: 'GET', pattern: '/{tenant}/v2.0/.well-known/openid-configuration', handle: tenantDiscovery(''), ...open },
    { method: 'POST', pattern: '/{tenant}/oauth2/v2.0/token', handle: token, ...open },
    { method: 'POST', pattern: '/{tenant}/oauth2/token', handle: token, ...open },
    { method: 'GET', pattern: '/common/discovery/instance', handle: (request) => instanceDiscovery(request, options.settings), ...open },
    {
      method: 'GET',
      pattern: '/discovery/keys',
      handle: async () => ok({ keys: (await options.tokens.publicKeys()).keys.map(publicKey) }),
      ...open,
    },
  ];
}

function publicKey(key: object): Record<string, string> {
  return Object.fromEntries(Object.entries(key).map(([name, value]) => [name, String(value)]));
}

function discovery(request: ArmRequest, prefix: string, path: string): ArmResponse {
  const issuer = `${request.baseUrl}${prefix}`;
  return ok({
    issuer,
    authorization_endpoint: `${issuer}/${path}/authorize`,
    token_endpoint: `${issuer}/${path}/token`,
    jwks_uri: `${request.baseUrl}/discovery/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    grant_types_supported: ['client_credentials'],
    response_types_supported: ['code', 'id_token', 'code id_token', 'token id_token'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['ES256'],
    scopes_supported: ['openid'],
  });
}

function tenantDiscovery(prefix: string): ArmRoute['handle'] {
  return (request, path) => discovery(request, `${prefix}/${path.get('tenant') ?? ''}`, 'oauth2/v2.0');
}

function instanceDiscovery(request: ArmRequest, settings: Settings): ArmResponse {
  const host = new URL(request.baseUrl).host;
  return ok({
    tenant_discovery_endpoint: `${request.baseUrl}/${settings.tenantId}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  });
}

async function issueToken(options: IdentityOptions, request: ArmRequest, tenant: string | undefined): Promise<ArmResponse> {
  const { settings, clients, tokens } = options;
  const form = new URLSearchParams(request.body.type === 'text' ? request.body.text : '');
  const basic = basicCredentials(request.headers.get('authorization'));
  const clientId = form.get('client_id') ?? basic?.clientId;
  const secret = form.get('client_secret') ?? basic?.clientSecret;
  if (tenant !== undefined && tenant.toLowerCase() !== settings.tenantId.toLowerCase())
    return refuse(400, 'invalid_request', 90002, `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID.`);
  if (form.get('grant_type') !== 'client_credentials')
    return refuse(400, 'unsupported_grant_type', 70003, `The app requested an unsupported grant type '${form.get('grant_type') ?? ''}'.`);
  if (clientId === undefined || clientId === '')
    return refuse(400, 'invalid_request', 900144, "The request body must contain the following parameter: 'client_id'.");
  if (secret === undefined || secret === '')
    return refuse(401, 'invalid_client', 7000216, "'client_secret' is required for the 'client_credentials' grant type.");
  if (clients.find(clientId) === undefined)
    return refuse(400, 'unauthorized_client', 700016, `Application with identifier '${clientId}' was not found in the directory.`);
  if (!clients.hasSecret(clientId, secret))
    return refuse(401, 'invalid_client', 7000215, `Invalid client secret provided for app '${clientId}'.`);
  const audience = normaliseAudience((form.get('resource') ?? form.get('scope') ?? '').split(' ')[0] ?? '');
  if (!isOurAudience(audience, [new URL(request.baseUrl).host, ...options.hosts]))
    return refuse(400, 'invalid_resource', 500011, `The resource principal named ${audience} was not found in the tenant.`);
  return ok({
    token_type: 'Bearer',
    expires_in: tokens.lifetimeSeconds,
    ext_expires_in: tokens.lifetimeSeconds,
    access_token: await tokens.issue(clientId, audience),
  });
}

function basicCredentials(header: string | undefined): { readonly clientId: string; readonly clientSecret: string } | undefined {
  const encoded = /^basic (.+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [id, ...secret] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  try {
    return { clientId: decodeURIComponent(id ?? ''), clientSecret: decodeURIComponent(secret.join(':')) };
  } catch {
    return undefined; // malformed percent escape: as good as no credentials
  }
}

function ok(body: NonNullable<ArmResponse['body']>): ArmResponse {
  return { status: 200, body };
}

function refuse(status: number, error: string, code: number, text: string): ArmResponse {
  return {
    status,
    ...(status === 401 ? { headers: { 'www-authenticate': 'Basic realm="sallyport"' } } : {}),
    body: { error, error_description: `AADSTS${code}: ${text}`, error_codes: [code] },
  };
}
