/**
 * Which audiences mean us. Clients make scopes from the endpoint they were given, with doubled slashes, `/.default`, another
 * spelling of localhost or a path (`/graph`): what counts is host and port. Azure's public audience is accepted as an alias.
 */
const azureAudiences: ReadonlySet<string> = new Set(['https://management.azure.com', 'https://management.core.windows.net']);

/** `https://host:port//.default` → `https://host:port`. */
export function normaliseAudience(audience: string): string {
  return audience
    .trim()
    .replace(/\/\.default$/, '')
    .replace(/\/+$/, '');
}

/** @param hosts `host:port` under which we may be reached, the request's own included. */
export function isOurAudience(audience: string, hosts: readonly string[]): boolean {
  const normalised = normaliseAudience(audience).toLowerCase();
  if (azureAudiences.has(normalised)) return true;
  if (!URL.canParse(normalised)) return false;
  const { host, protocol } = new URL(normalised);
  return protocol === 'https:' && hosts.some((known) => known.toLowerCase() === host);
}
