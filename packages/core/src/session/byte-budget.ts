/** How much memory the requests of one user, and of all users together, may take while they run. */
import { DaemonError } from '../protocol/errors.js';

/** Counts bytes. It keeps nothing of users who hold nothing. */
export interface ByteBudget {
  /**
   * Takes a part of the budget. One request is always let through, whatever its size, where nothing else is running.
   *
   * @param bytes what the request takes in memory
   * @returns gives it back: to be called once
   * @throws DaemonError `overloaded` where too much is taken already
   */
  take(partition: string, subject: string, bytes: number): () => void;
}

/** Creates a budget. @param perUser bytes of one user in one partition @param total bytes of all users */
export function createByteBudget(perUser: number, total: number): ByteBudget {
  const users = new Map<string, number>();
  let taken = 0;
  return {
    take(partition, subject, bytes) {
      const key = `${partition}\0${subject}`;
      const own = users.get(key) ?? 0;
      if (own > 0 && own + bytes > perUser) {
        throw new DaemonError('overloaded', 'Your running requests are too large together; send this one again in a moment.');
      }
      if (taken > 0 && taken + bytes > total) {
        throw new DaemonError('overloaded', 'The running requests are too large together; send this one again in a moment.');
      }
      users.set(key, own + bytes);
      taken += bytes;
      return () => {
        taken -= bytes;
        const left = (users.get(key) ?? 0) - bytes;
        if (left > 0) users.set(key, left);
        else users.delete(key);
      };
    },
  };
}
