/** Tries a new catalog on recorded calls, before it serves: each call runs on the present one and on the new one. */
import type { Difference, IgnoredPaths } from '../base/difference.js';
import { canonicalJson } from '../base/equality.js';
import type { CallRecord } from '../ports/calls.js';
import type { CatalogDefinition, FunctionDefinition } from '../ports/definition.js';
import { DaemonError } from '../protocol/errors.js';
import type { ReplayDaemon } from './replay.js';
import { comparison, isReadOnly, replayCall } from './replay.js';

/** What {@link tryCalls} takes. */
export interface TryCallsOptions {
  /** The recorded calls of functions that only read. */
  records: readonly CallRecord[];
  /** Serves what is served now. */
  present: ReplayDaemon;
  /** Serves what is to be served. */
  next: ReplayDaemon;
  ignore?: IgnoredPaths;
}

/** One call that ran on both. */
export interface TriedCall {
  /** The recorded call. */
  callId: string;
  same: boolean;
  differences: readonly Difference[];
  /** Milliseconds. */
  presentMs: number;
  nextMs: number;
}

/** The calls of one function. */
export interface TriedFunction {
  name: string;
  calls: readonly TriedCall[];
  /** How many calls differ. */
  different: number;
  /**
   * How many times as long the new code takes, by the medians. The first call of several is left out, because it loads the code.
   * Times below 10 milliseconds count as 10: they say more about the machine than about the code.
   */
  slowdown: number;
}

/** What came of a trial. */
export interface Trial {
  functions: readonly TriedFunction[];
  /** Records that cannot be replayed, with the reasons. */
  left: readonly string[];
}

/** What a trial may show at most. */
export interface TrialPolicy {
  /** Calls that may differ. */
  maxDiff: number;
  /** How many times as long a function may take. */
  maxSlowdown: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

/** Milliseconds. */
const SHORTEST = 10;

function slowdownOf(calls: readonly TriedCall[]): number {
  const timed = calls.length === 1 ? calls : calls.slice(1);
  const time = (which: 'presentMs' | 'nextMs'): number => Math.max(SHORTEST, median(timed.map((call) => call[which])));
  return time('nextMs') / time('presentMs');
}

/** The functions of the new catalog that only read, are in both, and are not what they were. @param also further ones that changed */
export function changedFunctions(
  present: CatalogDefinition,
  next: CatalogDefinition,
  also: (definition: FunctionDefinition) => boolean = () => false,
): FunctionDefinition[] {
  const before = new Map(present.functions.map((one) => [one.name, one]));
  return next.functions.filter((one) => {
    const old = before.get(one.name);
    if (old === undefined || old.kind !== one.kind || !isReadOnly(old) || !isReadOnly(one)) return false;
    return also(one) || canonicalJson(old) !== canonicalJson(one);
  });
}

/** Runs each call on both, one after the other. @throws what a replay throws, except that a call cannot be replayed */
export async function tryCalls({ records, present, next, ignore }: TryCallsOptions): Promise<Trial> {
  const byName = new Map<string, TriedCall[]>();
  const left: string[] = [];
  const options = ignore === undefined ? {} : { ignore };
  for (const record of records) {
    try {
      const before = (await replayCall(present, record, options)).after;
      const after = (await replayCall(next, record, options)).after;
      const { same, differences } = comparison(before, after, ignore);
      const tried = { callId: record.mcp_function_call_uuid, same, differences };
      const calls = byName.get(record.name) ?? [];
      byName.set(record.name, calls);
      calls.push({ ...tried, presentMs: before.timeSpent ?? 0, nextMs: after.timeSpent ?? 0 });
    } catch (error) {
      if (!(error instanceof DaemonError) || error.code !== 'not_replayable') throw error;
      left.push(error.message);
    }
  }
  const functions = [...byName].map(([name, calls]) => ({
    ...{ name, calls, different: calls.filter(({ same }) => !same).length },
    slowdown: slowdownOf(calls),
  }));
  return { functions, left };
}

/** What is wrong with a trial. @returns one text for each reason; empty: nothing */
export function trialProblems({ functions }: Trial, { maxDiff, maxSlowdown }: TrialPolicy): string[] {
  const different = functions.reduce((sum, one) => sum + one.different, 0);
  const problems = different > maxDiff ? [`${different} calls differ, and at most ${maxDiff} may`] : [];
  for (const { name, slowdown } of functions)
    if (slowdown > maxSlowdown)
      problems.push(`"${name}" takes ${slowdown.toFixed(1)} times as long, and may take ${maxSlowdown} times`);
  return problems;
}
