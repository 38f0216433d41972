/** Checks of option values. */
import { DaemonError } from '@mcp-daemon/core';

/** The longest delay of a Node timer. A longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Checks the number of an option: a limit, or milliseconds.
 *
 * @returns the number
 * @throws DaemonError `usage` if it is not a whole number from 1 to {@link MAX_TIMER_MS}
 */
export function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= MAX_TIMER_MS) return value;
  throw new DaemonError('usage', `${name} must be a whole number from 1 to ${MAX_TIMER_MS}, got ${String(value)}`);
}
