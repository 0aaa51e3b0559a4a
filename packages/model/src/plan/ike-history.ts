/** What happened to one tunnel, entry by entry: kept in a ring on its host, read by `sallyport history` and over the API. */

export type IkeHistoryEntry = {
  /** ISO 8601, host clock. */
  readonly at: string;
  /** Azure's two categories: what IKE said and did, and when the tunnel came and went. */
  readonly category: 'IKEDiagnosticLog' | 'TunnelDiagnosticLog';
  /** One GUID per IKE SA; empty in the tunnel's category. */
  readonly session: string;
  /** `203.0.113.10:500` */
  readonly remote: string;
  readonly local: string;
  readonly role?: 'initiator' | 'responder';
  /** `SEND`, `RECEIVED` or `LOCAL_MSG`, then the exchange; in the tunnel's category `TunnelConnected` or `TunnelDisconnected`. */
  readonly tags: readonly string[];
  readonly message: string;
};

/** A line as Azure's IKEDiagnosticLog has it. https://learn.microsoft.com/azure/vpn-gateway/troubleshoot-vpn-with-azure-diagnostics */
export function ikeDiagnosticMessage({ session, remote, local, tags, message }: IkeHistoryEntry): string {
  return `SESSION_ID :{${session}} Remote ${remote}: Local ${local}: ${tags.map((tag) => `[${tag}]`).join('')} ${message}`;
}
