/** Ends streams and calls whose callers have lost their access. */

import type { Logger } from '@mcp-daemon/core';

/**
 * How often the access of callers is checked. Together with the delay until changed users are noticed, this is less than two
 * seconds.
 */
const EVERY_MS = 500;

/** What {@link createAccessSweep} takes. */
export interface AccessSweepOptions {
  /** Reloads changed users and tokens. Default: does nothing. */
  refresh?: (() => Promise<void> | undefined) | undefined;
  /** Whether anything is open that could have to end. */
  isNeeded: () => boolean;
  /** Ends the streams and calls of callers without access. */
  endRevoked: () => void;
  /** Gets errors of `refresh`. Default: nothing is logged. */
  logger?: Pick<Logger, 'error'> | undefined;
  /** Default 500 ms. */
  everyMs?: number;
}

/** Starts the sweep. It costs nothing while nothing is open, and nothing per request. @returns a function that stops it */
export function createAccessSweep({ refresh, isNeeded, endRevoked, logger, everyMs = EVERY_MS }: AccessSweepOptions): () => void {
  let busy = false;
  async function sweep(): Promise<void> {
    busy = true;
    try {
      await refresh?.();
      endRevoked();
    } catch (error) {
      logger?.error({ error: String(error) }, 'open streams could not be checked for callers without access');
    } finally {
      busy = false;
    }
  }
  const timer = setInterval(() => {
    if (!busy && isNeeded()) void sweep();
  }, everyMs).unref();
  return () => clearInterval(timer);
}
