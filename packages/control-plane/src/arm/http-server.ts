/**
 * HTTPS in front of `dispatch`: reads the URL, headers and body, writes the answer with ARM's headers. Knows nothing of
 * resources. TLS always: Azure clients refuse to send a token over plain HTTP.
 */
import { fastify } from 'fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { armErrors } from '@sallyport/model';
import type { Clock, IdSource, Logger } from '@sallyport/runtime';
import type { Listen } from '../settings.ts';
import type { KeyPair } from '../tls/authority.ts';
import { connectionLimit, limitConnections } from './connection-limit.ts';
import { readBody } from './http-body.ts';
import { responseHeaders } from './http-headers.ts';
import { pathOf, segmentsOf } from './http-path.ts';
import { refuseBytes, refuseExpectation } from './http-refusals.ts';
import type { ArmMethod, ArmRequest, ArmResponse } from './message.ts';
import { ArmFailure, failureResponse } from './message.ts';

export type HttpServer = {
  readonly port: number;
  /** New handshakes use this certificate from now on. */
  readonly renew: (pair: KeyPair) => void;
  readonly close: () => Promise<void>;
};

export type HttpServerOptions = {
  readonly listen: Listen;
  readonly certificate: KeyPair;
  /** Absolute links start with this instead of the client's Host; no trailing slash. */
  readonly publicBaseUrl?: string;
  readonly dispatch: (request: ArmRequest) => Promise<ArmResponse>;
  readonly region: string;
  /** For the whole of a request, default a minute. */
  readonly requestTimeoutMs?: number;
  /** For the TLS handshake, default ten seconds. */
  readonly handshakeTimeoutMs?: number;
  /** Default: what the process' open files allow. */
  readonly connectionLimit?: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
};

const methods = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE'] as const;
/** For the whole of a request; bodies are at most 4 MB, which a 1 Mbit/s line sends in half of it. */
const requestTimeoutMs = 60_000;
/** Who connects and says nothing holds one of the files we may open. */
const handshakeTimeoutMs = 10_000;
/** A host name or address with an optional port; anything else in a Host header is not echoed into links. */
const hostHeader = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i;

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const timeoutMs = options.requestTimeoutMs ?? requestTimeoutMs;
  const server = fastify({
    https: {
      ...secure(options.certificate),
      ALPNProtocols: ['http/1.1', 'http/1.0'], // Node alone would end the handshake of a client that offers 1.0 only
      handshakeTimeout: options.handshakeTimeoutMs ?? handshakeTimeoutMs,
      headersTimeout: timeoutMs, // Node swaps the two timeouts when this one is larger
      connectionsCheckingInterval: timeoutMs / 4,
    },
    logger: false,
    exposeHeadRoutes: false,
    // A URL that fastify can't decode gets ARM's error, not fastify's.
    frameworkErrors: (_error, request, reply) => void serve(options, request as FastifyRequest, reply as unknown as FastifyReply), // generics of no matter here
    forceCloseConnections: true,
    // A client that sends a byte a second holds a socket, not the server. Node answers 408 through `clientErrorHandler`.
    requestTimeout: timeoutMs,
    clientErrorHandler: refuseBytes,
    // Bodies are read by us: ARM's limit, its error, and not only JSON.
    bodyLimit: Number.MAX_SAFE_INTEGER,
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _payload, done) => done(null));
  server.route({ method: [...methods], url: '*', handler: (request, reply) => serve(options, request, reply) });
  server.setNotFoundHandler((request, reply) => serve(options, request, reply)); // other methods
  server.server.on('checkExpectation', refuseExpectation);
  limitConnections(server.server, options.connectionLimit ?? connectionLimit(), options);
  await server.listen({ host: options.listen.host, port: options.listen.port });
  const address = server.server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.listen.port,
    renew: (pair) => server.server.setSecureContext(secure(pair)),
    close: async () => {
      await server.close();
    },
  };
}

/** TLS 1.2 for the clients that still need it, with authenticated encryption and forward secrecy only. RFC 9325 §4.2. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
].join(':');

function secure(pair: KeyPair): { readonly key: string; readonly cert: string; readonly minVersion: 'TLSv1.2'; readonly ciphers: string } {
  return { key: pair.keyPem, cert: pair.certificatePem, minVersion: 'TLSv1.2', ciphers };
}

async function serve(options: HttpServerOptions, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const requestId = options.ids.guid();
  const correlationId = headerOf(request, 'x-ms-correlation-request-id') ?? requestId;
  const response = await answer(options, request, correlationId);
  const text = response.body === undefined ? undefined : JSON.stringify(response.body);
  void reply.code(response.status);
  void reply.headers(responseHeaders({ requestId, correlationId, region: options.region, now: options.clock.now(), request: request.raw }));
  void reply.headers(response.headers ?? {});
  if (text !== undefined && response.headers?.['content-type'] === undefined)
    void reply.header('content-type', 'application/json; charset=utf-8');
  options.log.debug({ method: request.method, path: pathOf(request.url), status: response.status, correlationId }, 'answered');
  await reply.send(text);
}

async function answer(options: HttpServerOptions, request: FastifyRequest, correlationId: string): Promise<ArmResponse> {
  try {
    const method = methods.find((known) => known === request.method);
    const body = await readBody(request.raw);
    if (method === undefined) throw new ArmFailure(armErrors.methodNotAllowed(request.method), { allow: methods.join(', ') });
    return await options.dispatch(armRequest(options, request, method, correlationId, body));
  } catch (error) {
    if (error instanceof ArmFailure) return failureResponse(error);
    if (!request.raw.complete) options.log.debug({ err: error, correlationId }, 'client left in the middle of its request');
    else options.log.error({ err: error, correlationId }, 'request could not be read');
    return failureResponse(new ArmFailure(armErrors.internal(correlationId)));
  }
}

function armRequest(
  options: HttpServerOptions,
  request: FastifyRequest,
  method: ArmMethod,
  correlationId: string,
  body: ArmRequest['body'],
): ArmRequest {
  const query = new Map<string, string>();
  const questionMark = request.url.indexOf('?');
  if (questionMark >= 0)
    for (const [name, value] of new URLSearchParams(request.url.slice(questionMark + 1))) query.set(name.toLowerCase(), value);
  const headers = new Map(Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), [value ?? ''].flat().join(', ')]));
  const host = headers.get('host') ?? '';
  return {
    method,
    segments: segmentsOf(pathOf(request.url)),
    query,
    headers,
    body,
    baseUrl: options.publicBaseUrl ?? `https://${hostHeader.test(host) ? host : `localhost:${request.socket.localPort ?? 443}`}`,
    principal: undefined,
    correlationId,
  };
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && /^[\w-]{1,64}$/.test(value) ? value : undefined;
}
