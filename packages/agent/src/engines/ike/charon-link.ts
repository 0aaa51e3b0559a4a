/**
 * The session to one instance's charon: made and made again when either end of it is gone, and what is known of the process. Not what is said over
 * it. Starting charon is charon.ts.
 */
import type { EngineObservation } from '@sallyport/model';
import type { ViciSession } from '@sallyport/protocols';
import type { EngineContext } from '../engine.ts';
import { ensureCharon, findCharon, startedAt, type CharonFiles, type CharonSpec, type RunningCharon } from './charon.ts';

export type CharonLinkOptions = {
  readonly context: EngineContext;
  readonly namespace: string;
  readonly files: CharonFiles;
  /** Asked for when one may have to be started. */
  readonly charon: () => CharonSpec;
  /** Of each new session, before it is used. */
  readonly onSession: (session: ViciSession) => Promise<void>;
};

export type CharonLink = Disposable & {
  /** Starts charon where there is none. @throws when it can't be brought up. */
  readonly ensure: () => Promise<ViciSession>;
  /** Never starts anything. */
  readonly session: () => ViciSession | undefined;
  readonly observe: () => EngineObservation;
};

export function createCharonLink({ context, namespace, files, charon, onSession }: CharonLinkOptions): CharonLink {
  let running: RunningCharon | undefined;
  return {
    ensure: async () => {
      const found = findCharon(context, namespace);
      if (running?.session.connection.isOpen === true && found?.pid === running.process.pid) return running.session;
      running?.session[Symbol.dispose]();
      running = await ensureCharon(context, charon());
      const { session } = running;
      try {
        await onSession(session);
      } catch (error) {
        session[Symbol.dispose](); // half listened to; the next pass makes another
        throw error;
      }
      return session;
    },
    session: () => (running?.session.connection.isOpen === true ? running.session : undefined),
    observe: () => {
      const found = context.daemons.find(files.pidFile);
      if (found === undefined) return { name: 'charon', isHealthy: false, detail: 'not running' };
      const residentBytes = context.daemons.residentBytes(found.pid);
      const started = startedAt(files);
      return {
        name: 'charon',
        isHealthy: true,
        processId: found.pid,
        ...(residentBytes === undefined ? {} : { residentBytes }),
        ...(started === undefined ? {} : { startedAt: started }),
      };
    },
    [Symbol.dispose]: () => running?.session[Symbol.dispose](),
  };
}
