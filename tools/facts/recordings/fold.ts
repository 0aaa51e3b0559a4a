/** From a recording's raw exchanges to the table: placeholders for what differs from run to run, polling folded away. Pure. */
import { steeringHeaders, type Exchange, type Json, type RawExchange, type Recording } from './recorded.ts';

export function fold(source: string, raw: readonly RawExchange[]): Recording {
  const words = wordsOf(raw);
  const exchanges: Exchange[] = [];
  for (const one of raw) {
    const exchange = tableExchange(one, words);
    const before = exchanges.at(-1);
    if (before !== undefined && isStatusPoll(exchange)) exchanges[exchanges.length - 1] = { ...before, ends: statusOf(exchange.answer) };
    else if (before !== undefined && isResultPoll(exchange)) exchanges[exchanges.length - 1] = { ...before, result: resultOf(exchange) };
    else if (!isWaiting(exchange) && JSON.stringify(exchange) !== JSON.stringify(before)) exchanges.push(exchange);
  }
  return { source, exchanges };
}

const isStatusPoll = ({ method, path }: Exchange): boolean => method === 'GET' && /\/(operations|operationStatuses)\/[^/]+$/i.test(path);
const isResultPoll = ({ method, path }: Exchange): boolean => method === 'GET' && /\/operationResults\/[^/]+$/i.test(path);
/** A client without a header to poll asks for the resource until its state is final. */
const isWaiting = ({ method, answer }: Exchange): boolean =>
  method === 'GET' && memberAt(answer, ['properties', 'provisioningState']) === 'Updating';

function statusOf(answer: Json | undefined): string {
  const status = memberAt(answer, ['status']);
  return typeof status === 'string' ? status : '';
}

function resultOf({ status, answer }: Exchange): NonNullable<Exchange['result']> {
  return { status, ...(answer === undefined ? {} : { answer }) };
}

function memberAt(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((inner, name) => (isMap(inner) ? inner[name] : undefined), value);
}

type Words = {
  /** Lower case. */
  readonly subscription: string;
  readonly groups: readonly string[];
  readonly locations: ReadonlySet<string>;
  /** What clients said, by which Azure's own words are told from what it made up. */
  readonly said: ReadonlySet<string>;
};

function wordsOf(raw: readonly RawExchange[]): Words {
  const urls = raw.map(({ url }) => url);
  const part = (pattern: RegExp): readonly string[] => [...new Set(urls.flatMap((url) => pattern.exec(url)?.[1]?.toLowerCase() ?? []))];
  const locations = new Set(raw.flatMap(({ body, answer }) => [...locationsIn(body), ...locationsIn(answer)]));
  const said = new Set([...raw.flatMap(({ body }) => stringsIn(body)), ...urls.flatMap((url) => new URL(url).pathname.split('/'))]);
  return { subscription: part(/\/subscriptions\/([^/?]+)/i)[0] ?? '', groups: part(/\/resourcegroups\/([^/?]+)/i), locations, said };
}

function tableExchange({ method, url, body, status, headers, answer }: RawExchange, words: Words): Exchange {
  const { pathname, searchParams } = new URL(url);
  const apiVersion = searchParams.get('api-version') ?? '';
  searchParams.delete('api-version');
  const query = searchParams.size === 0 ? '' : `?${searchParams.toString()}`;
  const kept = steeringHeaders.filter((name) => headers.includes(name));
  return {
    method,
    path: placed(decodeURIComponent(pathname), words) + query,
    apiVersion,
    ...(body === null ? {} : { body: sent(body, words, [lastSegment(pathname)]) }),
    status,
    ...(kept.length === 0 ? {} : { headers: kept }),
    ...(answer === null || answer === '' ? {} : { answer: shown(answer, words, [lastSegment(pathname)]) }),
  };
}

/** az's recorder puts `mock-deployment` for such a name in the URLs, and leaves it in the bodies. */
const randomDeployment = /\w+_deploy_[A-Za-z0-9]{32}/g;

/** Ids keep their spelling but for what only that run had. */
function placed(text: string, { subscription, groups, locations }: Words): string {
  return text
    .replaceAll(randomDeployment, 'mock-deployment')
    .replaceAll(/(\/subscriptions\/)([^/]+)/gi, (whole, before: string, id: string) =>
      id.toLowerCase() === subscription ? `${before}{subscription}` : whole,
    )
    .replaceAll(/(\/resourcegroups\/)([^/]+)/gi, (whole, before: string, name: string) => {
      const index = groups.indexOf(name.toLowerCase());
      return index === -1 ? whole : `${before}${groupWord(index)}`;
    })
    .replaceAll(/(\/locations\/)([^/]+)/gi, (whole, before: string, name: string) => (locations.has(name) ? `${before}{location}` : whole));
}

const groupWord = (index: number): string => (index === 0 ? '{group}' : `{group${index + 1}}`);

function word(text: string, words: Words): string {
  if (words.locations.has(text)) return '{location}';
  const index = words.groups.indexOf(text.toLowerCase());
  return index === -1 ? placed(text, words) : groupWord(index);
}

const secretNames = /sharedKey|secret|password|authorizationKey/i;

function sent(value: Json, words: Words, path: readonly string[]): Json {
  if (Array.isArray(value)) return value.map((item: Json) => sent(item, words, path));
  if (isMap(value)) return mapMembers(value, (inner, name) => sent(inner, words, [...path, name]));
  if (typeof value !== 'string') return value;
  return isSecret(path) && !value.startsWith('[') ? '{secret}' : word(value, words);
}

function shown(value: Json, words: Words, path: readonly string[]): Json {
  if (Array.isArray(value)) return value.map((item: Json) => shown(item, words, path));
  if (isMap(value)) return mapMembers(value, (inner, name) => shown(inner, words, [...path, name]));
  if (typeof value !== 'string') return value;
  if (isSecret(path)) return words.said.has(value) ? '{secret}' : '{string}';
  return kindOf(value, words) ?? word(value, words);
}

/** `value` is what it is the value of. */
function isSecret(path: readonly string[]): boolean {
  return secretNames.test((path.at(-1) === 'value' ? path.at(-2) : path.at(-1)) ?? '');
}

const lastSegment = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Undefined for what is comparable word by word. */
function kindOf(text: string, words: Words): string | undefined {
  if (text.startsWith('W/"')) return '{etag}';
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) return '{guid}';
  if (words.said.has(text) || words.locations.has(text) || text.startsWith('/subscriptions/')) return undefined;
  if (/^[A-Z][A-Za-z0-9]*$/.test(text) || /^Microsoft\.\w+(\/\w+)*$/.test(text)) return undefined;
  return /^\d+(\.\d+){3}(\/\d+)?$/.test(text) ? '{address}' : '{string}';
}

function isMap(value: Json | undefined): value is { readonly [member: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapMembers(value: { readonly [member: string]: Json }, change: (inner: Json, name: string) => Json): Json {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, change(inner, name)]));
}

function stringsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  return isMap(value) ? Object.values(value).flatMap(stringsIn) : [];
}

function locationsIn(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(locationsIn);
  if (!isMap(value)) return [];
  const own = value['location'];
  return [...(typeof own === 'string' ? [own] : []), ...Object.values(value).flatMap(locationsIn)];
}
