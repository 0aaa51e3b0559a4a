/** What can go wrong between us and xfrmd, with a code callers decide on. */
export type XfrmdErrorCode =
  /** The control socket could not be opened. */
  | 'unreachable'
  /** The connection ended with a request outstanding, or before. */
  | 'disconnected'
  | 'timed-out'
  /** An answer that is not the protocol. */
  | 'malformed'
  // The rest is what xfrmd answers.
  | 'invalid-request'
  | 'unknown-method'
  | 'invalid-parameter'
  /** The name or the if_id belongs to another tunnel, or the name to an interface that is not ours. */
  | 'conflict'
  /** No capture of that name runs. */
  | 'not-found'
  /** A system call failed; the message says which. */
  | 'system-error';

export class XfrmdError extends Error {
  override readonly name = 'XfrmdError';
  readonly code: XfrmdErrorCode;

  constructor(code: XfrmdErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
