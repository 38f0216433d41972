/** How much all sessions keep for clients that resume a stream, and which of them lose it where it is too much. */

/** What {@link createKeptEvents} takes. Sizes are characters. */
export interface KeptEventsOptions {
  /** All sessions together. */
  max: number;
  /** All sessions of one user. */
  maxPerUser: number;
  /** The sessions of a user, the one that was opened first in front. */
  sessionsOf: (user: string) => Iterable<{ expire(before: number): void }>;
}

/**
 * Counts what is kept. A user with too much loses what was kept for their oldest sessions. Where all together are too much, the user with
 * the most loses it: users below an equal share lose nothing, whatever others do.
 */
export interface KeptEvents {
  /** Counts a change of what is kept for a user. */
  change(user: string, characters: number): void;
  /** How much is kept for all users. */
  readonly total: number;
}

/** Creates the count, which is empty at first. */
export function createKeptEvents({ max, maxPerUser, sessionsOf }: KeptEventsOptions): KeptEvents {
  const byUser = new Map<string, number>();
  let total = 0;

  function drop(user: string, tooMuch: () => boolean): void {
    for (const session of sessionsOf(user)) {
      if (!tooMuch()) return;
      session.expire(Infinity);
    }
  }

  /** The user for whom most is kept. */
  function largest(): string | undefined {
    let found: string | undefined;
    let most = 0;
    for (const [user, kept] of byUser) if (kept > most) [found, most] = [user, kept];
    return found;
  }

  return {
    change(user, characters) {
      total += characters;
      const kept = (byUser.get(user) ?? 0) + characters;
      if (kept > 0) byUser.set(user, kept);
      else byUser.delete(user);
      if (characters <= 0) return;
      if (kept > maxPerUser) drop(user, () => (byUser.get(user) ?? 0) > maxPerUser);
      if (total > max) drop(largest() ?? user, () => total > max);
    },
    get total() {
      return total;
    },
  };
}
