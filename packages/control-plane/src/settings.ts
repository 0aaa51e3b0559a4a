/**
 * What an operator may decide about a control plane, parsed strictly: an unknown member is a problem, and every problem is
 * listed at once. Not here: where the values come from (the command line and its file), and secrets made at first start.
 */
import * as z from 'zod';

const guid = z.guid();
const name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and hyphens');

const region = z.strictObject({
  /** Normalised: `westeurope`. */
  name: z.string().regex(/^[a-z0-9]+$/, 'lower case without spaces, as in westeurope'),
  displayName: z.string().min(1),
});

const client = z.strictObject({ clientId: z.string().min(1), clientSecret: z.string().min(8), displayName: z.string().exactOptional() });

export const settingsSchema = z.strictObject({
  tenantId: guid,
  /** The first is the default of clients. */
  subscriptions: z.array(z.strictObject({ id: guid, displayName: z.string().min(1) })).min(1),
  locations: z.array(region).min(1),
  /** The client named in client.json; its secret is generated at first start unless given. */
  clientId: guid,
  clientSecret: z.string().min(8).exactOptional(),
  /** Further service principals. */
  clients: z.array(client).default([]),
  hosts: z.array(z.strictObject({ name, regions: z.array(z.string().min(1)).min(1) })).default([]),
  publicNetworks: z.array(z.strictObject({ prefix: z.cidrv4(), router: z.ipv4() })).default([]),
  /** Pools for public IP addresses; the public networks when absent. */
  publicAddressPools: z.array(z.cidrv4()).exactOptional(),
  /** Pace of clients that poll; 10 in production, 1 in a lab (0 is sent as 1). */
  retryAfterSeconds: z.int().min(0).max(600).default(10),
  /** A poll of an operation in progress is answered when it ends, or after this long: most need no second poll. */
  operationHoldSeconds: z.number().min(0).max(20).default(2),
  /** Refuse dates of api-versions we do not know. */
  strictApiVersions: z.boolean().default(false),
  /** An operation that no host has applied after this long fails (and heals when a host does apply it). */
  operationTimeoutSeconds: z.int().min(1).default(3600),
  /** Further names and addresses in the server's certificate. */
  certificateNames: z.array(z.string().min(1)).default([]),
});

export type Settings = Readonly<z.output<typeof settingsSchema>>;
export type SettingsInput = z.input<typeof settingsSchema>;

/** Where a listener listens: an address or a name of this machine; port 0 takes a free one. */
const listen = z.strictObject({ host: z.string().min(1), port: z.int().min(0).max(65_535) });
export type Listen = Readonly<z.output<typeof listen>>;

const addresses = z.object({
  listen,
  agentListen: listen,
  publicBaseUrl: z.url({ protocol: /^https$/, error: 'an https URL' }).exactOptional(),
});

export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`settings are not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type Addresses = { readonly listen: Listen; readonly agentListen: Listen; readonly publicBaseUrl?: string };

/** @throws SettingsError */
export function checkAddresses(input: Addresses): void {
  const parsed = addresses.safeParse(input);
  if (!parsed.success) throw new SettingsError(problemsOf(parsed.error));
}

/** @throws SettingsError with every problem. Values are never quoted: some are secrets. */
export function parseSettings(input: unknown): Settings {
  const parsed = settingsSchema.safeParse(input);
  if (!parsed.success) throw new SettingsError(problemsOf(parsed.error));
  const known = new Set(parsed.data.locations.map((location) => location.name));
  const problems = parsed.data.hosts.flatMap((host) =>
    host.regions
      .filter((wanted) => !known.has(wanted))
      .map((wanted) => `hosts.${host.name}.regions: ${wanted} is not one of the locations ${[...known].join(', ')}`),
  );
  const ids = parsed.data.subscriptions.map(({ id }) => id.toLowerCase());
  if (new Set(ids).size !== ids.length) problems.push('subscriptions: an id appears twice');
  if (problems.length > 0) throw new SettingsError(problems);
  return Object.freeze(parsed.data);
}

function problemsOf(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`);
}
