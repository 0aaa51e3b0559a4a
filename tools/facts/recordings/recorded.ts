/**
 * The shape of test/facts/recorded-*.json: one client's session with Azure, exchange by exchange, as tools/facts/recordings/extract.ts
 * draws it from a recording. Values that differ from run to run are placeholders; polling is folded into what was polled for.
 */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

export type Recording = {
  /** Which program was recorded, and its recording's name. */
  readonly source: string;
  readonly exchanges: readonly Exchange[];
};

export type Exchange = {
  readonly method: string;
  /** Path and query, with `{subscription}`, `{group}`, `{location}` where those were, and without `api-version`. */
  readonly path: string;
  readonly apiVersion: string;
  /** As it was sent; secrets are `{secret}`. */
  readonly body?: Json;
  readonly status: number;
  /** Of the headers that steer a client, those that were there. */
  readonly headers?: readonly string[];
  /** What was answered: values where they are Azure's or the client's own words, else a kind such as `{guid}`. */
  readonly answer?: Json;
  /** The status in which the operation ended that the client then polled. */
  readonly ends?: string;
  /** What the client got from Location in the end. */
  readonly result?: { readonly status: number; readonly answer?: Json };
};

/** What a recording says of one request, before anything is left out. */
export type RawExchange = {
  readonly method: string;
  readonly url: string;
  readonly body: Json;
  readonly status: number;
  readonly headers: readonly string[];
  readonly answer: Json;
};

export const steeringHeaders: readonly string[] = ['azure-asyncnotification', 'azure-asyncoperation', 'etag', 'location', 'retry-after'];
