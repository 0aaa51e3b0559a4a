/**
 * charon's word that a child came up or went, and whom it wakes. For each such event charon asks for the SA's counters and builds a long message, which
 * under a hundred calls at once takes a fifth of what the calls take: while many come up it is not asked to tell, and all are looked at when that is over
 * (docs/adr/0057). Only makes the agent quicker: what is there is read in every pass.
 */
import { readUpDown, type EventHandler, type NamedSection, type ViciSession } from '@sallyport/protocols';
import { whenQuiet, type Clock } from '@sallyport/runtime';

export type UpDownOptions = {
  readonly clock: Clock;
  /** Something came up or went. */
  readonly look: () => void;
  /** With the last counters of its child. */
  readonly onEnded: (sa: NamedSection) => void;
};

export type UpDown = {
  /** @throws ViciError */
  readonly listen: (session: ViciSession) => Promise<void>;
  /** When what came up has paused, and now and then while it goes on. */
  readonly lookSoon: () => void;
  /** Many come up: to read all SAs takes what ten set-ups take. All are looked at when that is over, and every two seconds while it goes on. */
  readonly isFlooded: () => boolean;
};

/** A hundred tunnels come up within a second: looked at and reported when that has paused, and now and then while it goes on. */
const burst = { quietMs: 30, longerMs: 10, atMostMs: 1000 };
/** So many within this time are a flood; what few sites do at once is told at once. */
const flood = { count: 8, withinMs: 400 };
/** Until charon is asked to tell again; whether the flood goes on is known within the time of one. */
const pauseMs = 600;
/** So long a flood goes on without a look. */
const unseenMs = 2000;
const event = 'child-updown';

export function createUpDown({ clock, look, onEnded }: UpDownOptions): UpDown {
  let isFlooded = false;
  let goesOn = new AbortController();
  const lookSoon = whenQuiet({ clock, ...burst }, () => {
    if (!isFlooded) look();
  });
  const pause = async (session: ViciSession, handler: EventHandler): Promise<void> => {
    isFlooded = true;
    const beganMs = clock.monotonic();
    try {
      do {
        goesOn = new AbortController();
        await session.unsubscribe(event, handler);
        await clock.sleep(pauseMs);
        await session.subscribe(event, handler);
        await clock.sleep(flood.withinMs, goesOn.signal);
      } while (goesOn.signal.aborted && clock.monotonic() - beganMs < unseenMs);
    } catch {
      // The session has ended: the next one listens anew.
    }
    isFlooded = false;
    look();
  };
  return {
    lookSoon,
    isFlooded: () => isFlooded,
    listen: async (session) => {
      const cameUpAt: number[] = [];
      const handler: EventHandler = (message) => {
        const { isUp, sa } = readUpDown(message);
        if (!isUp) {
          if (sa !== undefined) onEnded(sa);
          // It may be up again in a moment, and would never have been seen down.
          return look();
        }
        lookSoon();
        cameUpAt.push(clock.monotonic());
        if (cameUpAt.length > flood.count) cameUpAt.shift();
        const [first = 0] = cameUpAt;
        const isFlood = cameUpAt.length === flood.count && clock.monotonic() - first <= flood.withinMs;
        if (!isFlood) return;
        if (isFlooded) goesOn.abort();
        else void pause(session, handler);
      };
      // An IKE SA carries nothing without a child, and says for each of them that it ends: its own events would double charon's work.
      await session.subscribe(event, handler);
    },
  };
}
