/** Shares the event loop among users: the work of one user is spread over its turns, so that others are served in between. */
import type { Caller } from './caller.js';

/** Milliseconds that one user may work in one turn of the event loop. What takes longer by itself is not interrupted. */
const HOLD_MS = 10;

/** The work of one user. */
interface UserTurns {
  /** Milliseconds of this turn that the user has taken. */
  spent: number;
  /** When the running piece of work began. */
  began: number;
  readonly waiting: (() => void)[];
}

/** Runs pieces of work, such as the message of one request. */
export interface Turns {
  /**
   * Runs a piece of work at once; or, where its user has worked for 10 ms in this turn of the event loop or has work that waits,
   * in a later turn. The pieces of one user keep their order. `work` must not throw.
   */
  run(caller: Caller, work: () => void): void;
  /**
   * Continues the running piece of work: at once; or, where its user has worked for 10 ms in this turn of the event loop, in a later
   * turn, before other work of that user. `work` must not throw.
   */
  proceed(caller: Caller, work: () => void): void;
  /**
   * Runs a piece of work at the end of this turn of the event loop. Answers that are ready while requests are being read are written so,
   * all at once: to wake the clients for each one would take as long as all the rest of a call. `work` must not throw.
   */
  atEnd(work: () => void): void;
}

/** What {@link createTurns} takes; for tests. */
export interface TurnsOptions {
  /** The time in milliseconds. Default `performance.now()`. */
  now?: () => number;
}

/** Calls a function when all promise callbacks that are due have run: most answers are encoded in these. */
const afterCallbacks = (then: () => void): void => queueMicrotask(() => process.nextTick(then));

/** Creates the turns of a server. */
export function createTurns({ now = () => performance.now() }: TurnsOptions = {}): Turns {
  /** The users who have worked in this turn, or whose work waits. */
  const users = new Map<string, UserTurns>();
  /** The work for the end of this turn. */
  let last: (() => void)[] = [];
  let scheduled = false;

  /** Does a piece of work. @param then called when the promise callbacks that follow from the work have run */
  function take(user: UserTurns, work: () => void, then?: () => void): void {
    user.began = now();
    try {
      work();
    } finally {
      const end = now();
      user.spent += end - user.began;
      afterCallbacks(() => {
        user.spent += now() - end;
        then?.();
      });
    }
  }

  /** Does one piece of the first of these users who has work and time left, and then of the next. */
  function work(order: UserTurns[]): void {
    for (let user = order.shift(); user !== undefined; user = order.shift()) {
      const piece = user.spent < HOLD_MS ? user.waiting.shift() : undefined;
      if (piece === undefined) continue;
      order.push(user);
      take(user, piece, () => work(order));
      return;
    }
  }

  /** Begins a turn: first one piece of each user, then more of those who have time left. */
  function next(): void {
    scheduled = false;
    const ready = last;
    last = [];
    for (const work of ready) work();
    for (const [key, user] of users) {
      user.spent = 0;
      if (user.waiting.length === 0) users.delete(key);
    }
    if (users.size === 0) return;
    schedule();
    work([...users.values()]);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(next);
  }

  const keyOf = ({ partition, subject }: Caller): string => `${partition}\0${subject}`;

  return {
    run(caller, piece) {
      const key = keyOf(caller);
      let user = users.get(key);
      if (user === undefined) users.set(key, (user = { spent: 0, began: 0, waiting: [] }));
      schedule();
      if (user.waiting.length > 0 || user.spent >= HOLD_MS) user.waiting.push(piece);
      else take(user, piece);
    },
    proceed(caller, piece) {
      const user = users.get(keyOf(caller)); // in the map for as long as its work runs
      if (user === undefined || user.spent + now() - user.began < HOLD_MS) piece();
      else user.waiting.unshift(piece);
    },
    atEnd(piece) {
      last.push(piece);
      schedule();
    },
  };
}
