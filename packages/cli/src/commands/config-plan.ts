/**
 * `config plan` and `config apply`: compare a config file with what a partition of the store serves, and make it that.
 */
import type { ConfigDocument, ConfigPlan } from '@mcp-daemon/core';

import { Failure, UsageError } from '../errors.js';
import { findConfig } from '../settings/paths.js';
import { displayPath } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';

/** The exit code of a plan with changes that break callers. */
const BREAKING = 2;
const PARTITION = textFlag('Partition of the store', { defaultDescription: 'default' });
const FILE = { type: 'string', describe: 'Config file; the same as --config' } as const;
const MERGE = switchFlag('Keep what the file does not name');

/** The document of a config file without errors. @throws UsageError, ConfigError */
async function readDocument(
  path: string | undefined,
  context: CommandContext,
): Promise<{ file: string; document: ConfigDocument }> {
  const [{ resolve }, { readDocumentFile }] = await Promise.all([import('node:path'), import('../runtime/config-file.js')]);
  const file = path === undefined ? findConfig(context.settings) : resolve(path);
  return { file, document: readDocumentFile(file) };
}

/** `config plan` */
export const plan = defineCommand({
  command: 'plan [file]',
  description: 'Show what an apply would change; exit code 2 if it can break callers',
  settings: ['config', ...STORE_FLAGS],
  positionals: { file: FILE },
  flags: { partition: PARTITION, merge: MERGE, json: switchFlag('Print JSON') },
  examples: [['config plan mcp.json --partition acme', 'Compare the file with what acme serves']],
  async run({ file: path, partition = 'default', merge, json }, context) {
    const { document } = await readDocument(path, context);
    const [{ withCatalogs }, { planJson, planLines }, { createMemoryCatalogStore, planConfig }] = await Promise.all([
      import('./stored.js'),
      import('./changes-text.js'),
      import('@mcp-daemon/core'),
    ]);
    const made =
      (await withCatalogs<ConfigPlan | undefined>(
        context,
        (catalogs) => planConfig(catalogs, partition, document, { merge }),
        undefined,
      )) ?? (await planConfig(createMemoryCatalogStore(), partition, document, { merge }));
    if (json) context.print(planJson(made));
    else for (const line of planLines(made, context.paint)) context.print(line);
    return made.breaking.length > 0 ? BREAKING : 0;
  },
});

/** `config apply` */
export const apply = defineCommand({
  command: 'apply [file]',
  description: 'Make a config file what a partition of the store serves',
  settings: ['config', ...STORE_FLAGS],
  positionals: { file: FILE },
  flags: {
    partition: PARTITION,
    merge: MERGE,
    note: textFlag('Note for the history'),
    yes: switchFlag('Do not ask', { alias: 'y' }),
    'allow-breaking': switchFlag('Also make changes that can break callers'),
    json: switchFlag('Print JSON'),
  },
  examples: [['config apply mcp.json --partition acme --note "more tools"', 'Show the changes, ask, and apply them']],
  async run({ file: path, partition = 'default', merge, note, yes, 'allow-breaking': allowBreaking, json }, context) {
    const { print, paint, interactive } = context;
    const { file, document } = await readDocument(path, context);
    const [{ author, changeCatalogs }, { planJson, planLines, shortRevision }, { applyPlan, planConfig }] = await Promise.all([
      import('./stored.js'),
      import('./changes-text.js'),
      import('@mcp-daemon/core'),
    ]);
    return changeCatalogs(context, async (catalogs) => {
      const made = await planConfig(catalogs, partition, document, { merge });
      // The plan is for people, the answer for programs: both on stdout would not be JSON.
      const show = json ? context.note : print;
      for (const line of planLines(made, json ? context.paintNote : paint)) show(line);
      if (made.breaking.length > 0 && !allowBreaking)
        throw new Failure('not applied: some changes can break callers. Add --allow-breaking to apply them all the same');
      if (!made.unchanged && !yes) {
        if (!interactive) throw new UsageError('nobody can answer here: add --yes to apply', { hint: false });
        const { confirm } = await import('./questions.js');
        if (!(await confirm('Apply?'))) {
          context.note('not applied');
          return 1;
        }
      }
      const { entry, rows, rowsError } = await applyPlan(catalogs, made, {
        author: author(),
        source: displayPath(file),
        allowBreaking,
        ...(note === undefined ? {} : { note }),
      });
      if (json) print(JSON.stringify({ ...(JSON.parse(planJson(made)) as object), entry: entry?.id ?? null }, null, 2));
      else if (entry !== undefined) print(`the partition "${partition}" now serves revision ${shortRevision(entry.revision)}`);
      if (rows === undefined) {
        const why = rowsError instanceof Error ? rowsError.message : String(rowsError);
        throw new Failure(
          `the new revision is served, but the rows for the Python engine are not up to date: ${why} "config apply" again updates them`,
        );
      }
      return 0;
    });
  },
});
