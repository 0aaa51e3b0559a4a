/**
 * Why a connection is not Connected, in one sentence: the engine's own reason, else why nothing was planned, else why nothing
 * is known. Undefined when it is Connected or there is nothing to tell.
 */
import type { Resource } from '@sallyport/model';
import { isSameResource } from '@sallyport/model';
import type { LiveState } from './live-state.ts';

export type StatusReason = { readonly code: string; readonly message: string };

export function connectionStatusReason(live: LiveState, connection: Resource): StatusReason | undefined {
  const observations = live.connection(connection.id);
  if (observations.some(({ status }) => status === 'Connected')) return undefined;
  const told = observations.flatMap(({ reason }) => reason ?? []).toSorted((a, b) => (a.at < b.at ? 1 : -1))[0];
  if (told !== undefined) return { code: told.code, message: told.message };
  const entry = live.plan()?.report.find(({ resource }) => isSameResource(resource, connection.id));
  if (entry?.reason !== undefined) return entry.reason;
  const silent = entry?.hosts.map((name) => ({ name, state: live.host(name) })).find(({ state }) => state?.isStale !== false);
  if (silent === undefined) return undefined;
  const message =
    silent.state === undefined
      ? `host ${silent.name} has not reported yet`
      : `host ${silent.name} has not reported for ${silent.state.ageSeconds} s; its tunnels may well be up`;
  return { code: 'HostSilent', message };
}
