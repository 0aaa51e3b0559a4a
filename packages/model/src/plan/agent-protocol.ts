/**
 * What agents and the control plane say to each other. HTTPS with client certificates; the certificate's common name is
 * the host's name. Pull, not push: a plan is fetched by number with a long poll, so a lost answer costs nothing.
 *
 * Version 1 (2026-11-21): first. Since 2026-11-28 both ends may name the store a plan's number belongs to (`store`, also a query
 * parameter of the plan request): numbers of two stores can't be compared. Who does not know the member loses nothing but that.
 * 409: the agent holds a plan this control plane never made, and says so until somebody decides (docs/adr/0054).
 *
 *   GET  /agent/v1/plan?host=H&after=N&waitMs=25000   200 PlanMessage | 204 nothing newer yet | 409 RefusalMessage
 *   GET  /agent/v1/secrets?id=I&version=V             200 SecretMessage | 404
 *   POST /agent/v1/observations                       body ObservationMessage → 204
 *   POST /agent/v1/histories                          body HistoryMessage → 204
 *
 * Also since 2026-11-28: an answer to the plan request may name, in the header `sallyport-wanted-histories`, connections (ids, by
 * commas) whose history somebody wants to read; the agent posts those.
 */
import type { ResourceId } from '../arm/resource-id.ts';
import type { IkeHistoryEntry } from './ike-history.ts';
import type { HostObservation } from './observation.ts';
import type { HostPlan, PlanNumber } from './plan.ts';

export const agentProtocolVersion = 1;

export type PlanMessage = {
  readonly protocolVersion: number;
  readonly number: PlanNumber;
  readonly plan: HostPlan;
  /** Of the control plane's store; made with it, never changed. */
  readonly store?: string;
};
/** One sentence. */
export type RefusalMessage = { readonly error: string };
export type SecretMessage = { readonly id: string; readonly version: number; readonly value: string };
export type ObservationMessage = {
  readonly protocolVersion: number;
  readonly observation: HostObservation;
  /** That `appliedPlan` is a number of. */
  readonly store?: string;
};
export type HistoryMessage = {
  readonly protocolVersion: number;
  readonly connection: ResourceId;
  /** Oldest first, the newest `historyEntriesSent` of them. */
  readonly entries: readonly IkeHistoryEntry[];
};

export const wantedHistoriesHeader = 'sallyport-wanted-histories';
export const historyEntriesSent = 5000;
