/** What options have in common. */
import { DaemonError } from '@mcp-daemon/core';

/** The greatest delay that a timer takes: a longer one would be over at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Checks a number that an option gives: a bound, or milliseconds. @throws DaemonError `usage` */
export function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= MAX_TIMER_MS) return value;
  throw new DaemonError('usage', `${name} must be a whole number from 1 to ${MAX_TIMER_MS}, got ${String(value)}`);
}
