/** Shares the event loop among users: the work of one user is spread over its turns, so that others are served in between. */
import type { Caller } from './caller.js';

/** Milliseconds that one user may work in one turn of the event loop. What takes longer by itself is not interrupted. */
const HOLD_MS = 10;
/** Milliseconds that all users together may work in one turn, before new connections are looked at. */
const TURN_MS = 20;

/** Always a number: a field that is sometimes undefined takes memory at each change. */
const IDLE = -1;

/** The work of one user. */
interface UserTurns {
  /** Milliseconds of this turn that the user has taken. A user who has taken too much has {@link HOLD_MS} left of it in the next turn. */
  spent: number;
  /** Milliseconds that the user has taken since their work began to wait: who has taken less comes first. */
  taken: number;
  /** When the running piece of work began; {@link IDLE}: none runs. */
  began: number;
  readonly waiting: (() => void)[];
}

/** Who does the work: the user, or an address. */
export type TurnUser = Pick<Caller, 'partition' | 'subject'>;

/** Runs pieces of work, such as the message of one request. */
export interface Turns {
  /**
   * Runs a piece of work at once; or, where its user has worked for 10 ms in this turn of the event loop or has work that waits, in a
   * later turn. The pieces of one user keep their order. A piece that is begun by a running piece of the same user is a part of it.
   * `work` must not throw.
   */
  run(caller: TurnUser, work: () => void): void;
  /**
   * Continues the running piece of work: at once; or, where its user has worked for 10 ms in this turn of the event loop, in a later
   * turn, before other work of that user. `work` must not throw.
   */
  proceed(caller: TurnUser, work: () => void): void;
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
  /** The users who have worked in this turn or too much in the one before, or whose work waits. */
  const users = new Map<string, UserTurns>();
  /** How many pieces wait. */
  let waiting = 0;
  /** Milliseconds of this turn that all users have taken. */
  let total = 0;
  /** Whether the last turn was over when the work that waits could have begun. */
  let skipped = false;
  /** The work for the end of this turn. */
  let last: (() => void)[] = [];
  let scheduled = false;

  function spend(user: UserTurns, ms: number): void {
    user.spent += ms;
    user.taken += ms;
    total += ms;
  }

  /** Does a piece of work. @param then called when the promise callbacks that follow from the work have run */
  function take(user: UserTurns, work: () => void, then?: () => void): void {
    const began = now();
    user.began = began;
    try {
      work();
    } finally {
      const end = now();
      user.began = IDLE;
      spend(user, end - began);
      afterCallbacks(() => {
        spend(user, now() - end);
        then?.();
      });
    }
  }

  /** Does one piece of the first of these users who has work and time left, and then of the next. */
  function work(order: UserTurns[]): void {
    for (let user = total < TURN_MS ? order.shift() : undefined; user !== undefined; user = order.shift()) {
      const piece = user.spent < HOLD_MS ? user.waiting.shift() : undefined;
      if (piece === undefined) continue;
      waiting -= 1;
      order.push(user);
      take(user, piece, () => work(order));
      return;
    }
    end();
  }

  /** Ends a turn. A user who has taken too much does nothing in the next one, so that others are served between two long pieces. */
  function end(): void {
    total = 0;
    for (const [key, user] of users) {
      user.spent = Math.min(HOLD_MS, Math.max(0, user.spent - HOLD_MS));
      if (user.spent === 0 && user.waiting.length === 0) users.delete(key);
    }
    if (users.size > 0) schedule();
  }

  /** The end of a turn: first one piece of each user, then more of those who have time left. */
  function next(): void {
    scheduled = false;
    const ready = last;
    last = [];
    for (const work of ready) work();
    // Where requests have used up the turn while they were read, new ones are read first, but once only.
    skipped = total >= TURN_MS && !skipped;
    if (skipped || waiting === 0) return end();
    total = 0;
    const order = [...users.values()].filter((user) => user.waiting.length > 0);
    work(order.length === 1 ? order : order.sort((a, b) => a.taken - b.taken));
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(next);
  }

  const keyOf = ({ partition, subject }: TurnUser): string => `${partition}\0${subject}`;

  /** Milliseconds of this turn that a user has taken so far. */
  const spentBy = ({ spent, began }: UserTurns): number => (began === IDLE ? spent : spent + now() - began);

  return {
    run(caller, piece) {
      const key = keyOf(caller);
      let user = users.get(key);
      if (user === undefined) users.set(key, (user = { spent: 0, taken: 0, began: IDLE, waiting: [] }));
      schedule();
      if (user.began !== IDLE && user.waiting.length === 0 && spentBy(user) < HOLD_MS) piece();
      else if (waiting > 0 || user.spent >= HOLD_MS || total >= TURN_MS || user.began !== IDLE) {
        user.waiting.push(piece);
        waiting += 1;
      } else take(user, piece);
    },
    proceed(caller, piece) {
      const user = users.get(keyOf(caller)); // in the map for as long as its work runs
      if (user === undefined || spentBy(user) < HOLD_MS) piece();
      else {
        user.waiting.unshift(piece);
        waiting += 1;
      }
    },
    atEnd(piece) {
      last.push(piece);
      schedule();
    },
  };
}
