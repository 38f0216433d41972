/**
 * Statistics of calls as a table and as JSON.
 */
import type { CallCounts, CallStatistics, StatisticsGroup } from '@mcp-daemon/core';

import type { Paint } from '../terminal/terminal.js';
import { oneLine, plural, spent, table } from '../terminal/text.js';

/** The words of `--by`. */
export const STATS_GROUPINGS = ['name', 'caller', 'status', 'hour', 'day'] as const;

/** The words of `--sort`. */
export const STATS_ORDERS = ['calls', 'errors', 'time'] as const;

/** What the engine computes of counts; it is loaded when the command runs. */
export interface ErrorCounts {
  errorsOf(counts: CallCounts): number;
  errorRateOf(counts: CallCounts): number;
}

const HEADS = { name: 'NAME', updated_by: 'CALLER', status: 'STATUS', hour: 'HOUR', day: 'DAY' } as const;
const LEAST_KEY = 12;

const number = (value: number): string => value.toLocaleString('en-US');
const percent = (rate: number): string => `${(rate * 100).toFixed(1)}%`;

/** An hour as `2026-01-31 14:00`, without its time zone; any other key as it is. */
const keyText = ({ key, start }: StatisticsGroup): string => (start === undefined ? key : key.slice(0, 16).replace('T', ' '));

function cellsOf(counts: CallCounts, { errorsOf, errorRateOf }: ErrorCounts): string[] {
  const { calls, open, time_spent: time } = counts;
  const rate = calls === open ? '' : percent(errorRateOf(counts));
  return [
    ...[number(calls), number(errorsOf(counts)), rate],
    ...[time?.p50, time?.p95, time?.p99, time?.max].map((ms) => spent(ms ?? null)),
  ];
}

/**
 * Statistics as lines of a table: one per group, and one of all calls if there are more groups than one.
 *
 * @param width columns of the terminal; undefined: no limit
 */
export function statsTable({ by, groups, total }: CallStatistics, errors: ErrorCounts, paint: Paint, width?: number): string[] {
  const heads = ['CALLS', 'ERRORS', 'RATE', 'P50', 'P95', 'P99', 'MAX'];
  const rows = groups.map((group) => ({ counts: group as CallCounts, key: keyText(group) }));
  if (groups.length > 1) rows.push({ counts: total, key: 'all' });
  const cells = [heads, ...rows.map(({ counts }) => cellsOf(counts, errors))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const numbers = cells.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)));
  const room = width === undefined ? Infinity : Math.max(LEAST_KEY, width - widths.reduce((sum, column) => sum + column + 2, 0));
  const head = [HEADS[by], ...(numbers[0] ?? [])].map((text) => paint('dim', text));
  const isBad = ({ counts }: (typeof rows)[number]): boolean => errors.errorsOf(counts) > 0;
  const lines = rows.map((row, index) => {
    const [calls = '', wrong = '', rate = '', ...times] = numbers[index + 1] ?? [];
    const marked = isBad(row) ? [paint('red', wrong), paint('red', rate)] : [wrong, rate];
    return [oneLine(row.key, room), calls, ...marked, ...times];
  });
  return table([head, ...lines], Infinity);
}

/** What kinds of errors there are, in one line; undefined if there are none. */
export function errorsText({ failed, timed_out, interrupted }: CallCounts): string | undefined {
  const kinds: [number, string][] = [
    [failed.tool, 'by the function'],
    [failed.protocol, 'by the protocol (bad arguments)'],
    [failed.transport, 'by the transport'],
    [failed.unknown, 'by something that the record does not say'],
  ];
  const texts = kinds.filter(([count]) => count > 0).map(([count, what]) => `${number(count)} ${what}`);
  const parts = texts.length === 0 ? [] : [`failed: ${texts.join(', ')}`];
  if (timed_out > 0) parts.push(`timed out: ${number(timed_out)}`);
  if (interrupted > 0) parts.push(`interrupted: ${number(interrupted)}`);
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** What the table does not show, as lines. */
export function statsNotes({ by, groups, omitted, total, complete, readSince }: CallStatistics): string[] {
  const lines: string[] = [];
  const errors = errorsText(total);
  if (errors !== undefined) lines.push(errors);
  const others = [
    ...(total.open > 0 ? [`${plural(total.open, 'call')} running`] : []),
    ...(total.cancelled > 0 ? [`${number(total.cancelled)} cancelled`] : []),
  ];
  if (others.length > 0) lines.push(others.join(', '));
  if (omitted > 0) {
    const what = by === 'name' ? 'functions' : 'callers';
    lines.push(`${number(groups.length)} of ${number(groups.length + omitted)} ${what}; --limit shows more`);
  }
  if (!complete && readSince !== null)
    lines.push(`only calls since ${new Date(readSince).toISOString()} are counted: reading more would cost too much`);
  return lines;
}

const iso = (time: number | null | undefined): string | null =>
  time === null || time === undefined ? null : new Date(time).toISOString();

/** Statistics as JSON for programs: with times as ISO 8601, and with rates of errors. */
export function statsJson(statistics: CallStatistics, { errorRateOf }: ErrorCounts): object {
  const { by, since, until, complete, readSince, omitted, total, groups } = statistics;
  return {
    by: by === 'updated_by' ? 'caller' : by,
    ...{ since: iso(since), until: iso(until), complete, read_since: iso(readSince), omitted },
    total: { ...total, error_rate: errorRateOf(total) },
    groups: groups.map(({ key, start, ...counts }) => ({
      key,
      ...(start === undefined ? {} : { start: iso(start) }),
      ...counts,
      error_rate: errorRateOf(counts),
    })),
  };
}
