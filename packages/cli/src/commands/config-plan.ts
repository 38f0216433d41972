/**
 * `config plan` and `config apply`: compare a config file with what a partition of the store serves, and make it that.
 */
import type { CatalogStore, ConfigDocument, ConfigPlan } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { findConfig } from '../settings/paths.js';
import { displayPath, plural } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { PARTITION_FLAG, partitionOf } from './partition-flag.js';
import { PROMOTE_FLAGS, promotionOf } from './promote-flags.js';

/** The exit code of a plan with changes that break callers. */
const BREAKING = 2;
/** Settings or rows from which on progress is shown: fewer are written at once. */
const LARGE = 1_000;
const FILE = { type: 'string', describe: 'Config file; the same as --config' } as const;
const MERGE = switchFlag('Keep what the file does not name');

/**
 * Runs work on a config file, and prints the mistakes of the file.
 *
 * @returns the exit code; 1 if there are mistakes, because 2 says that a plan can break callers
 */
async function orMistakes(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const [{ ConfigError }, { report }] = await Promise.all([import('@mcp-daemon/core'), import('../runtime/report.js')]);
    if (!(error instanceof ConfigError)) throw error;
    report(error, displayPath);
    return 1;
  }
}

/** A config file without errors. */
export interface ReadDocument {
  file: string;
  document: ConfigDocument;
  text: string;
}

/** Reads a config file, and prints its warnings. @throws UsageError, ConfigError */
async function readDocument(path: string | undefined, context: CommandContext): Promise<ReadDocument> {
  const [{ resolve }, { readDocumentFile }, { warningLine }] = await Promise.all([
    import('node:path'),
    import('../runtime/config-file.js'),
    import('../runtime/report.js'),
  ]);
  const file = path === undefined ? findConfig(context.settings) : resolve(path);
  const { document, text, warnings } = readDocumentFile(file);
  for (const warning of warnings) context.note(warningLine(warning, displayPath(file), context.paintNote));
  return { file, document, text };
}

/**
 * Plans the import of a file.
 *
 * @param merge whether what the file does not name is kept
 * @throws ConfigError with the file and the lines of what does not fit the partition
 */
export async function planFile(
  catalogs: CatalogStore,
  partition: string,
  { file, document, text }: ReadDocument,
  merge: boolean,
): Promise<ConfigPlan> {
  const { ConfigError, locateMistakes, planConfig } = await import('@mcp-daemon/core');
  try {
    return await planConfig(catalogs, partition, document, { merge });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(locateMistakes(text, error.mistakes), file);
  }
}

/** `config plan` */
export const plan = defineCommand({
  command: 'plan [file]',
  description: 'Show what an apply would change; exit code 2 if it can break callers',
  settings: ['config', ...STORE_FLAGS],
  positionals: { file: FILE },
  flags: { partition: PARTITION_FLAG, merge: MERGE, json: switchFlag('Print JSON') },
  examples: [['config plan mcp.json --partition acme', 'Compare the file with what acme serves']],
  run: ({ file: path, merge, json }, context) =>
    orMistakes(async () => {
      const partition = partitionOf(context);
      const read = await readDocument(path, context);
      const [{ withCatalogs }, { planReport, planLines }, { createMemoryCatalogStore }] = await Promise.all([
        import('./stored.js'),
        import('./changes-text.js'),
        import('@mcp-daemon/core'),
      ]);
      const made =
        (await withCatalogs<ConfigPlan | undefined>(
          context,
          (catalogs) => planFile(catalogs, partition, read, merge),
          undefined,
        )) ?? (await planFile(createMemoryCatalogStore(), partition, read, merge));
      if (json) context.print(JSON.stringify(planReport(made), null, 2));
      else for (const line of planLines(made, context.paint)) context.print(line);
      return made.breaking.length > 0 ? BREAKING : 0;
    }),
});

/** How a plan is applied. */
export interface ApplyMadeOptions {
  partition: string;
  /** Where the history says that the config came from. */
  source: string;
  allowBreaking: boolean;
  note: string | undefined;
  /** Whether the result is printed as JSON. Default: false. */
  json?: boolean;
}

/** Applies a plan, and prints the result. @throws Failure if rows could not be brought in line, and what `applyPlan` throws */
export async function applyMade(
  catalogs: CatalogStore,
  made: ConfigPlan,
  { partition, source, allowBreaking, note, json = false }: ApplyMadeOptions,
  { print, note: tell }: Pick<CommandContext, 'print' | 'note'>,
): Promise<void> {
  const [{ author, checkRows }, { planReport, shortRevision }, { applyPlan }, { stderrProgress }] = await Promise.all([
    import('./stored.js'),
    import('./changes-text.js'),
    import('@mcp-daemon/core'),
    import('../terminal/progress.js'),
  ]);
  const progress = stderrProgress();
  const applied = await applyPlan(catalogs, made, {
    ...{ author: author(), source, allowBreaking },
    onProgress(step, done, total) {
      if (total >= LARGE) progress.update(`${partition}: ${step}`, done, total);
    },
    ...(note === undefined ? {} : { note }),
  }).finally(() => progress.clear());
  const { entry } = applied;
  if (json) print(JSON.stringify({ ...planReport(made), entry: entry?.id ?? null }, null, 2));
  else if (entry !== undefined) print(`the partition "${partition}" now serves revision ${shortRevision(entry.revision)}`);
  checkRows(applied, '"config apply" again');
  const count = applied.rows === undefined ? 0 : applied.rows.written + applied.rows.removed;
  if (made.unchanged && count > 0) tell(`${plural(count, 'row')} that others had changed ${count === 1 ? 'is' : 'are'} replaced`);
}

/** `config apply` */
export const apply = defineCommand({
  command: 'apply [file]',
  description: 'Make a config file what a partition of the store serves',
  settings: ['config', ...STORE_FLAGS],
  positionals: { file: FILE },
  flags: {
    partition: PARTITION_FLAG,
    merge: MERGE,
    note: textFlag('Note for the history'),
    yes: switchFlag('Do not ask', { alias: 'y' }),
    'allow-breaking': switchFlag('Also make changes that can break callers'),
    ...PROMOTE_FLAGS,
    base: textFlag('Only if the partition has not changed since a plan: its "base", as "config plan --json" prints it'),
    json: switchFlag('Print JSON'),
  },
  examples: [['config apply mcp.json --partition acme --note "more tools"', 'Show the changes, ask, and apply them']],
  run: ({ file: path, merge, note: given, yes, base, 'allow-breaking': allowBreaking, json, ...flags }, context) =>
    orMistakes(async () => {
      const { print, paint } = context;
      const promotion = promotionOf(flags);
      const partition = partitionOf(context);
      const read = await readDocument(path, context);
      const [{ agreed, changeCatalogs }, { planLines }] = await Promise.all([import('./stored.js'), import('./changes-text.js')]);
      return changeCatalogs(context, async (catalogs, store) => {
        const made = await planFile(catalogs, partition, read, merge);
        if (base !== undefined && base !== (made.base ?? 'null')) {
          const { conflictOf } = await import('@mcp-daemon/core');
          throw await conflictOf(catalogs, partition, base === 'null' ? null : base);
        }
        // The plan is for people, the answer for programs: both on stdout would not be JSON.
        const show = json ? context.note : print;
        for (const line of planLines(made, json ? context.paintNote : paint)) show(line);
        if (made.breaking.length > 0 && !allowBreaking)
          throw new Failure('not applied: some changes can break callers. Add --allow-breaking to apply them all the same');
        let note = given;
        if (promotion !== undefined && !made.unchanged) {
          const { promote } = await import('./promote.js');
          const shown = json ? { ...context, print: show, paint: context.paintNote } : context;
          note = [...(given === undefined ? [] : [given]), await promote(shown, store, made, promotion)].join('; ');
        }
        if (!made.unchanged && !(await agreed('Apply?', yes, context))) return 1;
        await applyMade(catalogs, made, { partition, source: displayPath(read.file), allowBreaking, note, json }, context);
        return 0;
      });
    }),
});
