/**
 * Answers to bytes that never became a request: what the HTTP parser refuses, headers beyond its limit, a request that took
 * too long. In ARM's shape, written to the socket, which is closed then: nobody knows where a next request would begin.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ArmError } from '@sallyport/model';
import { errorBody } from '@sallyport/model';

const refused = (status: number, code: string, message: string): ArmError => ({ status, code, message, isFromFrontDoor: true });

/** By the codes of node:http. https://nodejs.org/api/http.html#event-clienterror */
const errors: Readonly<Record<string, ArmError>> = {
  HPE_HEADER_OVERFLOW: refused(431, 'RequestHeaderFieldsTooLarge', 'The request line and headers are larger than the server accepts.'),
  ERR_HTTP_REQUEST_TIMEOUT: refused(408, 'RequestTimeout', 'The request did not arrive in time.'),
  HPE_INVALID_METHOD: refused(405, 'MethodNotAllowed', 'The http method is not supported.'),
};
const malformed = refused(400, 'BadRequest', 'The request is not well-formed HTTP/1.1.');

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

const unmet = refused(417, 'ExpectationFailed', "The only expectation that is met is '100-continue'.");

/** RFC 9110 §10.1.1. Node would answer without a word. The body may be on its way or not, so the connection ends. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify(errorBody(unmet));
  response.writeHead(unmet.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-ms-failure-cause': 'gateway',
    connection: 'close',
  });
  response.end(body);
}

export function refuseBytes(cause: { readonly code?: string }, socket: Duplex): void {
  if (cause.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return;
  if (/^ERR_(TLS|SSL)/.test(cause.code ?? '')) {
    socket.destroy(); // there is no session to answer in, and an end would wait for one for ever
    return;
  }
  const error = errors[cause.code ?? ''] ?? malformed;
  const body = JSON.stringify(errorBody(error));
  const head = [
    `HTTP/1.1 ${error.status} ${reasons[error.status] ?? 'Bad Request'}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'x-ms-failure-cause: gateway',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
