/** A network watcher: a regional place to ask for diagnoses, with nothing of its own to configure. */
import { z } from 'zod';
import type { DeepReadonly } from '../../schema/fields.ts';

export const networkWatcherProperties = z.object({});
export const networkWatcherTop = z.object({});

export type NetworkWatcherProperties = DeepReadonly<z.output<typeof networkWatcherProperties>>;
export type NetworkWatcherAllocated = Readonly<Record<string, never>>;
