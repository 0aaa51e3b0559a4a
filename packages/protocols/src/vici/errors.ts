/** What can go wrong between us and charon, with a code callers decide on. Not for failures of single tunnels: charon's `log` tells those. */
export type ViciErrorCode =
  /** Bytes that are not a VICI packet or message, or a value too large to encode. */
  | 'malformed'
  /** The socket could not be opened. */
  | 'unreachable'
  /** The socket closed with a command outstanding, or was closed before. */
  | 'disconnected'
  | 'timed-out'
  /** charon does not know the command or event. */
  | 'unknown'
  /** charon answered `success = no`; the message is its `errmsg`. */
  | 'refused';

export class ViciError extends Error {
  override readonly name = 'ViciError';
  readonly code: ViciErrorCode;

  constructor(code: ViciErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
