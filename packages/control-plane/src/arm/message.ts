/**
 * A request and an answer of the ARM layer, free of any HTTP library, so that the server and a template deployment speak the
 * same way to the same routes.
 */
import type { ArmError, JsonValue } from '@sallyport/model';
import { armErrors, errorBody } from '@sallyport/model';
import type { Principal } from '../identity/tokens.ts';

export type ArmMethod = 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'POST' | 'DELETE';

export type ArmBody =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'json'; readonly value: unknown }
  | { readonly type: 'none' };

export type ArmRequest = {
  readonly method: ArmMethod;
  /** Decoded path segments as the client spelled them; empty ones are gone. */
  readonly segments: readonly string[];
  /** Names in lower case; the last of equal names. */
  readonly query: ReadonlyMap<string, string>;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: ArmBody;
  /** `https://host:port` as the client reached us: absolute links start with it. */
  readonly baseUrl: string;
  /** Undefined only on anonymous routes. */
  readonly principal: Principal | undefined;
  readonly correlationId: string;
};

export type ArmResponse = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** `null` is sent as `null`; absent is an empty body. */
  readonly body?: JsonValue;
  /** The long-running operation this answer started, for callers inside the process. */
  readonly operationId?: string;
};

/** An error answer on its way out. The one exception of this layer. */
export class ArmFailure extends Error {
  override readonly name = 'ArmFailure';
  readonly error: ArmError;
  readonly headers: Readonly<Record<string, string>>;

  constructor(error: ArmError, headers: Readonly<Record<string, string>> = {}) {
    super(`${error.code}: ${error.message}`);
    this.error = error;
    this.headers = headers;
  }
}

export function failureResponse(failure: ArmFailure): ArmResponse {
  const { error } = failure;
  return {
    status: error.status,
    headers: {
      ...(error.isFromFrontDoor ? { 'x-ms-failure-cause': 'gateway' } : {}),
      ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
      ...failure.headers,
    },
    body: errorBody(error),
  };
}

/** The JSON of the body. @throws ArmFailure InvalidRequestContent, also when there is none. */
export function jsonBody(request: ArmRequest): unknown {
  if (request.body.type === 'json') return request.body.value;
  const text = request.body.type === 'text' ? request.body.text : '';
  if (text.trim() === '') throw new ArmFailure(armErrors.invalidRequestContent('The request body is empty'));
  const value = parseJson(text.replace(/^\uFEFF/, ''));
  if (isDeeper(value, maxDepth))
    throw new ArmFailure(armErrors.invalidRequestContent(`The request body is nested deeper than ${maxDepth} levels`));
  return value;
}

/** As deep as template bodies may be (templates/tolerant-json.ts); what reads bodies recurses. */
const maxDepth = 128;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ArmFailure(armErrors.invalidRequestContent(error instanceof Error ? error.message : 'not JSON'));
  }
}

/** Without recursion: the value may be deeper than the stack. */
function isDeeper(value: unknown, levels: number): boolean {
  let layer: readonly unknown[] = [value];
  for (let depth = 0; layer.length > 0; depth += 1) {
    if (depth > levels) return true;
    layer = layer.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return false;
}

/** As `jsonBody`, undefined when there is no body: for actions whose body is optional. */
export function optionalJsonBody(request: ArmRequest): unknown {
  const isEmpty = request.body.type === 'none' || (request.body.type === 'text' && request.body.text.trim() === '');
  return isEmpty ? undefined : jsonBody(request);
}

/** A query value; empty and `None` (az sends it) are absent. */
export function queryValue(request: ArmRequest, name: string): string | undefined {
  const value = request.query.get(name.toLowerCase());
  return value === undefined || value === '' || value === 'None' ? undefined : value;
}

export const apiVersionOf = (request: ArmRequest): string => request.query.get('api-version') ?? '';
