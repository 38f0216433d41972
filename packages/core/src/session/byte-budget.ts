/** Limits the memory of running requests, per user and for all users together. */
import { DaemonError } from '../protocol/errors.js';

/** Counts bytes. Users without running requests are not stored. */
export interface ByteBudget {
  /**
   * Takes a part of the budget. If nothing else is running, a request of any size is accepted.
   *
   * @param bytes memory that the request takes
   * @returns a function that gives the bytes back; call it once
   * @throws DaemonError `overloaded` if too much is taken
   */
  take(partition: string, subject: string, bytes: number): () => void;
}

/** Creates a budget. @param perUser bytes of one user in one partition @param total bytes of all users together */
export function createByteBudget(perUser: number, total: number): ByteBudget {
  const users = new Map<string, number>();
  let taken = 0;
  return {
    take(partition, subject, bytes) {
      const key = `${partition}\0${subject}`;
      const own = users.get(key) ?? 0;
      if (own > 0 && own + bytes > perUser) {
        throw new DaemonError('overloaded', 'Your running requests take too much memory together. Retry in a moment.');
      }
      if (taken > 0 && taken + bytes > total) {
        throw new DaemonError('overloaded', 'All running requests take too much memory together. Retry in a moment.');
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
