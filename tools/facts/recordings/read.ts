/**
 * Reads recordings in the three forms in which Microsoft publishes them: the test proxy's JSON (azure-sdk-for-go, -net, -python), the JSON
 * of azure-powershell, and VCR's YAML (azure-cli). What is in them, unjudged.
 */
import type { Json, RawExchange } from './recorded.ts';
import { parseVcr } from './vcr.ts';

export function readRecording(name: string, text: string): readonly RawExchange[] {
  return name.endsWith('.json') ? entriesOf(JSON.parse(text) as Json).map(jsonExchange) : entriesOf(parseVcr(text)).map(vcrExchange);
}

function entriesOf(recording: Json): readonly Json[] {
  const entries = member(recording, 'Entries') ?? member(recording, 'interactions');
  if (!Array.isArray(entries)) throw new Error('a recording has Entries or interactions, a list');
  return entries as readonly Json[];
}

function jsonExchange(entry: Json): RawExchange {
  const url = text(member(entry, 'RequestUri'));
  return {
    method: text(member(entry, 'RequestMethod')),
    url: url.startsWith('/') ? `https://management.azure.com${url}` : url,
    body: bodyOf(member(entry, 'RequestBody')),
    status: Number(member(entry, 'StatusCode')),
    headers: headerNames(member(entry, 'ResponseHeaders')),
    answer: bodyOf(member(entry, 'ResponseBody')),
  };
}

function vcrExchange(entry: Json): RawExchange {
  const [request, response] = [member(entry, 'request'), member(entry, 'response')];
  return {
    method: text(member(request, 'method')),
    url: text(member(request, 'uri')),
    body: bodyOf(member(request, 'body')),
    status: Number(member(member(response, 'status'), 'code')),
    headers: headerNames(member(response, 'headers')),
    answer: bodyOf(member(member(response, 'body'), 'string')),
  };
}

/** JSON, JSON in a string, or JSON in a list of lines. Other text stays text. */
function bodyOf(value: Json | undefined): Json {
  const lines = Array.isArray(value) && value.every((line) => typeof line === 'string') ? (value as readonly string[]).join('') : value;
  if (lines === undefined || lines === null || lines === '') return null;
  if (typeof lines !== 'string') return lines;
  try {
    return JSON.parse(lines) as Json;
  } catch {
    return lines; // a script or a page, not JSON
  }
}

function headerNames(headers: Json | undefined): readonly string[] {
  return typeof headers === 'object' && headers !== null ? Object.keys(headers).map((name) => name.toLowerCase()) : [];
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

function member(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return (value as { readonly [name: string]: Json })[name];
}
