/** Shares the event loop among users: the work of one user is spread over its turns, so that others are served in between. */
import type { Caller } from './caller.js';

/** Milliseconds that one user may work in one turn of the event loop. What takes longer by itself is not interrupted. */
const HOLD_MS = 10;

/** The work of one user. */
interface UserTurns {
  /** Milliseconds of this turn that the user has taken. */
  spent: number;
  readonly waiting: (() => void)[];
}

/** Runs pieces of work, such as the message of one request. */
export interface Turns {
  /**
   * Runs a piece of work at once; or, where its user has worked for 10 ms in this turn of the event loop or has work that waits,
   * in a later turn. The pieces of one user keep their order. `work` must not throw.
   */
  run(caller: Caller, work: () => void): void;
}

/** What {@link createTurns} takes; for tests. */
export interface TurnsOptions {
  /** The time in milliseconds. Default `performance.now()`. */
  now?: () => number;
}

/** Creates the turns of a server. */
export function createTurns({ now = () => performance.now() }: TurnsOptions = {}): Turns {
  /** The users who have worked in this turn, or whose work waits. */
  const users = new Map<string, UserTurns>();
  let scheduled = false;

  function take(user: UserTurns, work: () => void): void {
    const began = now();
    try {
      work();
    } finally {
      user.spent += now() - began;
    }
  }

  /** Begins a turn: first one piece of each user, then more of those who have time left. */
  function next(): void {
    scheduled = false;
    for (const [key, user] of users) {
      user.spent = 0;
      if (user.waiting.length === 0) users.delete(key);
    }
    if (users.size === 0) return;
    schedule();
    for (let some = true; some;) {
      some = false;
      for (const user of users.values()) {
        const work = user.spent < HOLD_MS ? user.waiting.shift() : undefined;
        if (work === undefined) continue;
        take(user, work);
        some = true;
      }
    }
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(next);
  }

  return {
    run({ partition, subject }, work) {
      const key = `${partition}\0${subject}`;
      let user = users.get(key);
      if (user === undefined) users.set(key, (user = { spent: 0, waiting: [] }));
      schedule();
      if (user.waiting.length > 0 || user.spent >= HOLD_MS) user.waiting.push(work);
      else take(user, work);
    },
  };
}
