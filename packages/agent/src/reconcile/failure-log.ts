/**
 * What is wrong on a host, logged when it appears, when it changes and when it is over, however often a pass meets it again: passes come every
 * few seconds, and a control plane may be away for days. Keeps no state that anything decides by; what failed is in the observation.
 */
import type { LogFields, Logger } from '@sallyport/runtime';

export type FailureLog = {
  /** Met in the pass under way. */
  readonly say: (level: 'warn' | 'error', fields: LogFields, message: string) => void;
  /** What was met before and not in this pass is over. Not to be called for a pass that was cut short. */
  readonly passEnded: () => void;
};

type Said = { readonly fields: LogFields; readonly message: string };

export function createFailureLog(log: Logger): FailureLog {
  let before = new Map<string, Said>();
  let now = new Map<string, Said>();
  return {
    say: (level, fields, message) => {
      const key = keyOf(fields, message);
      if (!before.has(key) && !now.has(key)) log[level](fields, message);
      now.set(key, { fields, message });
    },
    passEnded: () => {
      // Where another failure stands in its place nothing is over.
      const subjects = new Set([...now.values()].map(subjectOf));
      for (const [key, said] of before)
        if (!now.has(key) && !subjects.has(subjectOf(said))) log.info({ was: said.message, ...subject(said) }, 'no longer fails');
      [before, now] = [now, new Map()];
    },
  };
}

function keyOf(fields: LogFields, message: string): string {
  const plain = Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? value.message : value]);
  return JSON.stringify([message, plain]);
}

/** Of what it was said: the fields but for those that tell how it failed. */
function subject({ fields }: Said): LogFields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'err' && name !== 'message' && name !== 'code'));
}

function subjectOf(said: Said): string {
  return keyOf(subject(said), said.message);
}
