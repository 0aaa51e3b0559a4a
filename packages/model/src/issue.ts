/**
 * What pure code says instead of throwing: one finding about one input.
 * `code` and `message` are Azure's where Azure has them; `target` is the ARM property path (`properties.sku.name`).
 */
export type Issue = {
  readonly severity: 'error' | 'warning';
  readonly code: string;
  readonly message: string;
  readonly target?: string;
  /** HTTP status the ARM layer answers with; 400 when absent. */
  readonly status?: 400 | 404 | 409 | 412 | 429;
  /** Id of the rule in arm/parity.ts that found it (`VGW-CONN-012`). For people and tests, not sent to clients. */
  readonly rule?: string;
  readonly details?: readonly { readonly code: string; readonly message: string }[];
};
