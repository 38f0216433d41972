/** The periods of the overview: hours or days, in the reader's time zone. */
import type { CallGroup } from '../api/statistics.js';

/** Whether calls are counted by hour or by day. */
export type Step = 'HOUR' | 'DAY';

/** What the overview can show. */
export type Period = '24h' | '7d' | '30d';

const HOUR = 3_600_000;

/** The periods, with their names. */
export const PERIODS = [
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
] as const satisfies readonly (readonly [Period, string])[];

const LENGTHS: Readonly<Record<Period, { readonly hours: number; readonly by: Step }>> = {
  '24h': { hours: 24, by: 'HOUR' },
  '7d': { hours: 7 * 24, by: 'HOUR' },
  '30d': { hours: 30 * 24, by: 'DAY' },
};

/** The period that an address names; 24 hours where it names none. */
export const periodOf = (name: string | null): Period => (name === '7d' || name === '30d' ? name : '24h');

/** How long a period is, and by what its calls are counted. */
export const lengthOf = (period: Period): { readonly hours: number; readonly by: Step } => LENGTHS[period];

/** The beginning of an hour or a day in the reader's time zone. @param at milliseconds since 1970 */
export function beginOf(at: number, by: Step): number {
  const time = new Date(at);
  if (by === 'HOUR') time.setMinutes(0, 0, 0);
  else time.setHours(0, 0, 0, 0);
  return time.getTime();
}

/** From when on calls are counted, so that the first hour or day is a whole one. */
export const sinceOf = (period: Period, until: number): number =>
  beginOf(until - LENGTHS[period].hours * HOUR, LENGTHS[period].by);

/** What the charts are drawn of. Hours and days without calls count zero, and have no durations. */
export interface Columns {
  readonly times: readonly number[];
  readonly calls: readonly number[];
  readonly errors: readonly number[];
  readonly p95: readonly (number | null)[];
  readonly p50: readonly (number | null)[];
}

/** All hours or days between two times, with the groups that the server has counted. */
export function columnsOf(groups: readonly CallGroup[], since: number, until: number, by: Step): Columns {
  const known = new Map(groups.map((group) => [group.start, group]));
  const times: number[] = [];
  // A day may have 23 or 25 hours, so each step begins anew.
  for (let at = since; at < until; at = beginOf(at + (by === 'HOUR' ? HOUR : 26 * HOUR), by)) times.push(at);
  const of = <T>(read: (group: CallGroup | undefined) => T): T[] => times.map((at) => read(known.get(at)));
  return {
    times,
    calls: of((group) => group?.calls ?? 0),
    errors: of((group) => group?.errors ?? 0),
    p95: of((group) => group?.p95 ?? null),
    p50: of((group) => group?.p50 ?? null),
  };
}
