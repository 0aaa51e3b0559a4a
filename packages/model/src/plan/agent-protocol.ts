/**
 * What agents and the control plane say to each other. HTTPS with client certificates; the certificate's common name is
 * the host's name. Pull, not push: a plan is fetched by number with a long poll, so a lost answer costs nothing.
 *
 * Version 1 (2026-11-21): first.
 *
 *   GET  /agent/v1/plan?host=H&after=N&waitMs=25000   200 PlanMessage | 204 nothing newer yet
 *   GET  /agent/v1/secrets?id=I&version=V             200 SecretMessage | 404
 *   POST /agent/v1/observations                       body ObservationMessage → 204
 */
import type { HostObservation } from './observation.ts';
import type { HostPlan, PlanNumber } from './plan.ts';

export const agentProtocolVersion = 1;

export type PlanMessage = { readonly protocolVersion: number; readonly number: PlanNumber; readonly plan: HostPlan };
export type SecretMessage = { readonly id: string; readonly version: number; readonly value: string };
export type ObservationMessage = { readonly protocolVersion: number; readonly observation: HostObservation };
