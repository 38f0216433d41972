/** Tries a new version on recorded calls, before it serves. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { CallRecord, CatalogDefinition, ConfigPlan, FunctionDefinition, Store, Trial } from '@mcp-daemon/core';
import {
  changedFunctions,
  ignoredPaths,
  plannedCatalog,
  replayOf,
  storedCatalog,
  trialProblems,
  tryCalls,
} from '@mcp-daemon/core';

import { Failure, UsageError } from '../errors.js';
import type { Paint } from '../terminal/terminal.js';
import { oneLine, plural, spent } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import type { Promotion } from './promote-flags.js';
import { readRecords } from './record.js';
import { replayRuntime } from './replay-runtime.js';
import { differenceLines } from './replay-text.js';

/** Code that is tried before it is stored. */
export interface NewBundle {
  name: string;
  bytes: Uint8Array;
  sha256: string;
}

/** Calls of one function whose differences are shown. */
const SHOWN_CALLS = 3;
/** Records that are looked through for calls of one function. */
const MAX_READ = 10_000;

const comesFrom = ({ binding }: FunctionDefinition, bundle: NewBundle | undefined): boolean =>
  binding.kind === 'link' && Boolean(binding.source) && binding.package_name === bundle?.name;

/** A catalog in which the code of a bundle comes from a folder, and is the one that was given. */
function withNewBundle(catalog: CatalogDefinition, bundle: NewBundle): CatalogDefinition {
  const functions = catalog.functions.map((one) =>
    comesFrom(one, bundle) ? { ...one, binding: { ...one.binding, source: 'zip', sha256: bundle.sha256 } } : one,
  );
  return { ...catalog, functions: functions as FunctionDefinition[] };
}

/** The newest calls of a function that ran, without replays. */
async function lastCalls(store: Store, partition: string, name: string, count: number): Promise<CallRecord[]> {
  const found: CallRecord[] = [];
  for await (const record of readRecords(store, partition, { name }, MAX_READ)) {
    const { status, fault } = record;
    if (replayOf(record) !== undefined || fault === 'protocol' || (status !== 'completed' && status !== 'failed')) continue;
    found.push(record);
    if (found.length === count) break;
  }
  return found;
}

/** A trial as lines. */
function trialLines({ functions, left }: Trial, paint: Paint): string[] {
  const lines = functions.flatMap(({ name, calls, different, slowdown }) => {
    const ms = (which: 'presentMs' | 'nextMs'): string =>
      spent(calls.map((call) => call[which]).sort((a, b) => a - b)[calls.length >> 1] ?? null);
    const mark = different === 0 ? paint('green', 'same') : paint('red', `${plural(different, 'call')} differ`);
    const head = `${oneLine(name)}: ${plural(calls.length, 'call')}, ${mark}; ${ms('presentMs')} -> ${ms('nextMs')} (${slowdown.toFixed(1)} times)`;
    const shown = calls.filter(({ same }) => !same).slice(0, SHOWN_CALLS);
    return [
      head,
      ...shown.flatMap(({ callId, differences }) => [
        paint('dim', `  call ${callId}`),
        ...(differences.length === 0
          ? [paint('red', '  another status')]
          : differenceLines(differences, paint).map((line) => `  ${line}`)),
      ]),
    ];
  });
  return [...lines, ...left];
}

/** The outcome in one line, for the history. */
function noteOf({ functions }: Trial): string {
  const calls = functions.reduce((sum, one) => sum + one.calls.length, 0);
  const different = functions.reduce((sum, one) => sum + one.different, 0);
  const slowest = Math.max(1, ...functions.map(({ slowdown }) => slowdown));
  if (calls === 0) return 'tried on no call: there is no record of a changed function that only reads';
  return `tried on ${plural(calls, 'call')} of ${plural(functions.length, 'function')}: ${different} differ, at most ${slowest.toFixed(1)} times as slow`;
}

async function trialOf(
  context: CommandContext,
  [before, after]: readonly [CatalogDefinition, CatalogDefinition],
  records: readonly CallRecord[],
  { partition, zipPath, ignore }: { partition: string; zipPath: string | undefined; ignore: readonly string[] },
): Promise<Trial> {
  const read = ignoredPaths(ignore);
  if ('wrong' in read) throw new UsageError(`--ignore: "${read.wrong}" is neither a JSON path such as $.a.b nor a name`);
  const catalog = (definition: CatalogDefinition) => ({ definition, server: {}, file: undefined });
  const present = replayRuntime(context, catalog(before), partition).daemon;
  const settings = zipPath === undefined ? context.settings : { ...context.settings, zipPath };
  const next = replayRuntime({ ...context, settings }, catalog(after), partition).daemon;
  try {
    return await tryCalls({ records, present, next, ignore: read.paths });
  } finally {
    await Promise.all([present.close({ drainMs: 0 }), next.close({ drainMs: 0 })]);
  }
}

/**
 * Runs recorded calls on what a partition serves and on what a plan leads to, and prints what differs.
 *
 * @param bundle code that is stored with the plan
 * @returns the outcome, for the note of the revision
 * @throws Failure if more differs than may, UsageError
 */
export async function promote(
  context: CommandContext,
  store: Store,
  plan: ConfigPlan,
  { calls, ignore, ...policy }: Promotion,
  bundle?: NewBundle,
): Promise<string> {
  const { partition } = plan;
  if (store.catalogs === undefined) throw new Failure(`the ${store.name} store keeps no catalogs`);
  const before = await storedCatalog(store.catalogs, partition);
  if (before === undefined) return 'not tried: the partition had no catalog';
  const planned = await plannedCatalog(store.catalogs, plan);
  const records: CallRecord[] = [];
  for (const { name } of changedFunctions(before, planned, (one) => comesFrom(one, bundle)))
    records.push(...(await lastCalls(store, partition, name, calls)));
  const folder = bundle === undefined ? undefined : await mkdtemp(join(tmpdir(), 'mcp-daemon-promote-'));
  try {
    if (folder !== undefined && bundle !== undefined) await writeFile(join(folder, `${bundle.name}.zip`), bundle.bytes);
    const after = bundle === undefined ? planned : withNewBundle(planned, bundle);
    const trial = await trialOf(context, [before, after], records, { partition, zipPath: folder, ignore });
    for (const line of trialLines(trial, context.paint)) context.print(line);
    const note = noteOf(trial);
    const problems = trialProblems(trial, policy);
    if (problems.length > 0) throw new Failure(`not applied: ${problems.join('; ')}`);
    context.print(note);
    return note;
  } finally {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}
