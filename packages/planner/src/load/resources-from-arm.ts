/**
 * ARM bodies as a user would PUT them, in order → stored resources, through the same rules as the API: parse, validate,
 * allocate. For planning without a control plane (`sallyport plan`, goldens). Nothing is stored and there are no operations: a
 * refused PUT becomes issues, and the later ones go on without it.
 */
import {
  allResourceRules,
  bodyWithChild,
  connectionSecrets,
  formatResourceId,
  isIssue,
  isSharedKeyMissing,
  parseResourceId,
  secretId,
  types,
  type Issue,
  type ParsedResourceId,
  type Resource,
  type ResourceRules,
  type RuleContext,
} from '@sallyport/model';
import { createMemoryLookup, type MemoryLookup } from './memory-lookup.ts';

/** One element of a scenario's resources.json. */
export type ArmPut = {
  /** `/subscriptions/{subscriptionId}/resourceGroups/…`. Children (`…/subnets/x`) rewrite their parent; resource groups are passed over. */
  readonly put: string;
  readonly body: unknown;
};

export type OfflineContext = {
  /** Every type's own rules when absent. */
  readonly rules?: readonly ResourceRules[];
  /** As in `RuleContext`. */
  readonly publicAddressPools: readonly string[];
  /** Replaces `{subscriptionId}` in paths and bodies; without it they have to be complete. */
  readonly subscriptionId?: string;
};

export type LoadedResources = {
  readonly resources: readonly Resource[];
  readonly secretVersions: ReadonlyMap<string, number>;
  /** Of refused PUTs: `message` begins with the path. */
  readonly issues: readonly Issue[];
};

/** Offline there is no clock; a fixed time keeps the outcome the same each time. */
const writtenAt = '2026-01-01T00:00:00Z';

export function resourcesFromArm(
  puts: readonly ArmPut[],
  { rules = allResourceRules, publicAddressPools, subscriptionId }: OfflineContext,
): LoadedResources {
  const byType = new Map(rules.map((one) => [one.type.toLowerCase(), one]));
  const lookup = createMemoryLookup((type) => byType.get(type.toLowerCase()));
  const context: RuleContext = { lookup, publicAddressPools, newGuid: guidSequence() };
  const secretVersions = new Map<string, number>();
  const issues: Issue[] = [];
  for (const written of puts) {
    const { put, body } = subscriptionId === undefined ? written : withSubscription(written, subscriptionId);
    const parts = parseResourceId(put);
    // A resource group, or something that is in none: nothing a host would do.
    if (parts === undefined) continue;
    const outcome = store(byType, context, lookup, parts, body);
    if (outcome.issues.length > 0) issues.push(...outcome.issues.map((issue) => ({ ...issue, message: `${put}: ${issue.message}` })));
    for (const id of outcome.secretIds) secretVersions.set(id, (secretVersions.get(id) ?? 0) + 1);
  }
  return { resources: lookup.all(), secretVersions, issues };
}

type Stored = { readonly issues: readonly Issue[]; readonly secretIds: readonly string[] };

function store(
  byType: ReadonlyMap<string, ResourceRules>,
  context: RuleContext,
  lookup: MemoryLookup,
  parts: ParsedResourceId,
  body: unknown,
): Stored {
  const top: ParsedResourceId = { ...parts, types: parts.types.slice(0, 1), names: parts.names.slice(0, 1) };
  const type = `${top.namespace}/${top.types[0] ?? ''}`;
  const rules = byType.get(type.toLowerCase());
  if (rules === undefined) return refused('InvalidResourceType', `The resource type ${type} is not known.`);
  const written = formatResourceId(top);
  const existing = lookup.get(written);
  const whole = wholeBody(rules, parts, existing, body);
  if (whole === undefined) return refused('ParentResourceNotFound', `${written} does not exist or has no such child collection.`);
  const parsed = rules.parse(whole.body, existing);
  if (!parsed.ok) return { issues: parsed.issues, secretIds: [] };
  const candidate: Resource = {
    id: existing?.id ?? written,
    type: rules.type,
    name: existing?.name ?? top.names[0] ?? '',
    location: parsed.location ?? existing?.location ?? '',
    tags: parsed.tags,
    top: parsed.top,
    properties: parsed.properties,
    allocated: existing?.allocated ?? {},
    etag: '',
    provisioningState: 'Succeeded',
    createdAt: writtenAt,
    changedAt: writtenAt,
  };
  const issues = rules.validate(candidate, existing, context);
  if (issues.some(({ severity }) => severity === 'error')) return { issues, secretIds: [] };
  const allocated = rules.allocate(candidate, existing, context);
  if (isIssue(allocated)) return { issues: [...issues, allocated], secretIds: [] };
  lookup.put({ ...candidate, allocated: { ...candidate.allocated, ...allocated } });
  return { issues, secretIds: secretNames(candidate, parsed.secrets).map((name) => secretId(candidate.id, name)) };
}

/** A connection without a key is given one by the control plane; here it is enough that there is one. */
function secretNames(candidate: Resource, secrets: Readonly<Record<string, string>>): readonly string[] {
  const isMadeUp = candidate.type === types.connection && isSharedKeyMissing(candidate, secrets);
  return [...Object.keys(secrets), ...(isMadeUp ? [connectionSecrets.sharedKey] : [])];
}

/** The body to parse: the resource's own, or its parent's with this child in it. */
function wholeBody(
  rules: ResourceRules,
  { types: segments, names }: ParsedResourceId,
  existing: Resource | undefined,
  body: unknown,
): { readonly body: unknown } | undefined {
  if (segments.length === 1) return { body };
  const segment = rules.children.find((child) => child.segment.toLowerCase() === segments[1]?.toLowerCase())?.segment;
  if (segment === undefined || existing === undefined || segments.length > 2) return undefined;
  return { body: bodyWithChild(existing, segment, names[1] ?? '', body) };
}

function withSubscription({ put, body }: ArmPut, subscriptionId: string): ArmPut {
  const replaced = (text: string): string => text.replaceAll('{subscriptionId}', subscriptionId);
  return { put: replaced(put), body: JSON.parse(replaced(JSON.stringify(body))) };
}

function refused(code: string, message: string): Stored {
  return { issues: [{ severity: 'error', code, message }], secretIds: [] };
}

/** Version 4 in form, counted in fact: offline plans have to be the same each time. */
function guidSequence(): () => string {
  let count = 0;
  return () => `00000000-0000-4000-8000-${(++count).toString(16).padStart(12, '0')}`;
}
