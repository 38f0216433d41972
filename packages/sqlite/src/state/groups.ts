/** Writes that come in one turn of the event loop are made together. */
import { setImmediate as turn } from 'node:timers/promises';

import type { Sql } from '../session.js';

/** One write, which waits for its group. */
interface Write {
  run(sql: Sql): unknown;
  chars: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Groups of writes. */
export interface Groups {
  /**
   * Adds a write to the next group.
   *
   * @param run makes the write, in a transaction with others. It may run again if the file is locked
   * @param chars about how much it writes
   * @returns what `run` returned, after the commit; rejects as the transaction does
   */
  add<T>(run: (sql: Sql) => T, chars?: number): Promise<T>;
  /** Resolves when all writes so far are made, or have failed. */
  done(): Promise<void>;
}

/** A transaction of this size takes a few milliseconds at most. Other work goes on between two of them. */
const MOST_WRITES = 256;
const MOST_CHARS = 512 * 1024;

/**
 * Creates groups; one transaction runs at a time.
 *
 * @param transaction runs work in one transaction
 */
export function createGroups(transaction: <T>(work: (sql: Sql) => T) => Promise<T>): Groups {
  let waiting: Write[] = [];
  let running: Promise<void> | undefined;

  function next(): Write[] {
    let chars = 0;
    let count = 0;
    while (count < waiting.length && count < MOST_WRITES && (count === 0 || chars < MOST_CHARS)) {
      chars += waiting[count]?.chars ?? 0;
      count += 1;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    return group;
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      await turn(); // the rest of this turn comes, too
      const group = next();
      try {
        const results = await transaction((sql) => group.map(({ run }) => run(sql)));
        group.forEach(({ resolve }, index) => resolve(results[index]));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    running = undefined;
  }

  return {
    add: <T>(run: (sql: Sql) => T, chars = 0) =>
      new Promise<T>((resolve, reject) => {
        waiting.push({ run, chars, resolve: resolve as (value: unknown) => void, reject });
        running ??= write();
      }),
    done: async () => running,
  };
}
