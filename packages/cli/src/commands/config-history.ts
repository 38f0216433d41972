/**
 * `config history`, `show`, `diff`, `rollback`, `export`, `status` and `adopt`: the revisions of a partition of the store.
 */
import type { HistoryEntry } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { plural } from '../terminal/text.js';
import type { Command } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { noPartition, PARTITION_FLAG, partitionOf } from './partition-flag.js';

const JSON_FLAG = switchFlag('Print JSON');
const NOTE = textFlag('Note for the history');
const YES = switchFlag('Do not ask', { alias: 'y' });
const DEFAULT_LIMIT = '20';
/** What brings rows in line with the revision that is served. */
const ROWS_AGAIN = '"config apply" of what "config export" prints';
const revision = (describe: string) => ({ type: 'string', demandOption: true, describe }) as const;
const REVISION = 'The beginning of the digest of a revision, as "config history" shows it';

const history = defineCommand({
  command: 'history',
  description: 'List the revisions that a partition served, newest first',
  settings: STORE_FLAGS,
  flags: {
    partition: PARTITION_FLAG,
    limit: textFlag('Maximum number of entries', { defaultDescription: DEFAULT_LIMIT }),
    json: JSON_FLAG,
  },
  async run({ limit: limitText = DEFAULT_LIMIT, json }, context) {
    const partition = partitionOf(context);
    const [{ withCatalogs }, { historyTable, isoTimes }, { limitOf }] = await Promise.all([
      import('./stored.js'),
      import('./changes-text.js'),
      import('./record.js'),
    ]);
    const limit = limitOf(limitText);
    const found = await withCatalogs(
      context,
      async (catalogs) => {
        const entries: HistoryEntry[] = [];
        let cursor: string | undefined;
        do {
          const page = await catalogs.history(partition, {
            limit: Math.min(limit - entries.length, 1_000),
            ...(cursor === undefined ? {} : { cursor }),
          });
          entries.push(...page.items);
          cursor = page.cursor;
        } while (cursor !== undefined && entries.length < limit);
        return { entries, current: (await catalogs.head(partition))?.entry ?? null };
      },
      { entries: [], current: null },
    );
    if (json) context.print(JSON.stringify(found.entries.map(isoTimes), null, 2));
    else if (found.entries.length === 0) context.note(`the partition "${partition}" has no revisions`);
    else for (const line of historyTable(found.entries, found.current, context.paint, context.width)) context.print(line);
    return 0;
  },
});

const show = defineCommand({
  command: 'show <revision>',
  description: 'Print a revision as a config file',
  settings: STORE_FLAGS,
  positionals: { revision: revision(REVISION) },
  flags: { partition: PARTITION_FLAG },
  async run({ revision: name }, context) {
    const partition = partitionOf(context);
    const [{ withCatalogs }, { exactJson, showRevision }] = await Promise.all([
      import('./stored.js'),
      import('@mcp-daemon/core'),
    ]);
    const found = await withCatalogs(context, (catalogs) => showRevision(catalogs, partition, name), undefined);
    if (found === undefined) throw noPartition(partition);
    context.print(exactJson(found.document, 2));
    return 0;
  },
});

const diff = defineCommand({
  command: 'diff <before> <after>',
  description: 'Show how two revisions differ',
  settings: STORE_FLAGS,
  positionals: { before: revision(REVISION), after: revision(REVISION) },
  flags: { partition: PARTITION_FLAG, json: JSON_FLAG },
  async run({ before, after, json }, context) {
    const partition = partitionOf(context);
    const [{ withCatalogs }, { changeLines }, { diffRevisions }] = await Promise.all([
      import('./stored.js'),
      import('./changes-text.js'),
      import('@mcp-daemon/core'),
    ]);
    const changes = await withCatalogs(context, (catalogs) => diffRevisions(catalogs, partition, before, after), undefined);
    if (changes === undefined) throw noPartition(partition);
    if (json) context.print(JSON.stringify(changes, null, 2));
    else if (changes.length === 0) context.print('no differences');
    else for (const line of changeLines(changes, context.paint)) context.print(line);
    return 0;
  },
});

const rollback = defineCommand({
  command: 'rollback <revision>',
  description: 'Serve an older revision again',
  settings: STORE_FLAGS,
  positionals: { revision: revision(REVISION) },
  flags: { partition: PARTITION_FLAG, note: NOTE, yes: YES, json: JSON_FLAG },
  async run({ revision: name, note, yes, json }, context) {
    const partition = partitionOf(context);
    // Changes are for people, the result for programs: both on stdout would not be JSON.
    const [show, paint] = json ? [context.note, context.paintNote] : [context.print, context.paint];
    const [
      { agreed, author, checkRows, withCatalogs },
      { changeLines, planReport, shortRevision },
      { diffRevisions, findRevision, rollbackTo },
    ] = await Promise.all([import('./stored.js'), import('./changes-text.js'), import('@mcp-daemon/core')]);
    return withCatalogs(
      context,
      async (catalogs) => {
        const target = await findRevision(catalogs, partition, name);
        const head = await catalogs.head(partition);
        if (head?.revision !== null && head?.revision !== undefined && head.revision !== target.revision)
          for (const line of changeLines(await diffRevisions(catalogs, partition, head.revision, target.revision), paint))
            show(line);
        if (head?.revision !== target.revision && !(await agreed('Roll back?', yes, context))) return 1;
        const options = { author: author(), ...(note === undefined ? {} : { note }) };
        const applied = await rollbackTo(catalogs, partition, target.revision, options);
        const { entry, plan } = applied;
        context.print(
          json
            ? JSON.stringify({ ...planReport(plan), entry: entry?.id ?? null }, null, 2)
            : `the partition "${partition}" now serves revision ${shortRevision(entry?.revision ?? target.revision)} again`,
        );
        checkRows(applied, ROWS_AGAIN);
        return 0;
      },
      undefined,
    ).then((code) => {
      if (code === undefined) throw noPartition(partition);
      return code;
    });
  },
});

const exportCommand = defineCommand({
  command: 'export',
  description: 'Print what a partition serves as a config file; applying it changes nothing',
  settings: STORE_FLAGS,
  flags: {
    partition: PARTITION_FLAG,
    'with-settings': switchFlag('Print the values of settings, secrets included, and not only their ids'),
    output: textFlag('Write to this new file in place of stdout', { alias: 'o' }),
  },
  async run({ 'with-settings': inline, output }, context) {
    const partition = partitionOf(context);
    const [{ withCatalogs }, { exactJson, exportConfig }] = await Promise.all([
      import('./stored.js'),
      import('@mcp-daemon/core'),
    ]);
    const settings = inline ? 'inline' : 'ids';
    const document = await withCatalogs(context, (catalogs) => exportConfig(catalogs, partition, { settings }), undefined);
    if (document === undefined) throw noPartition(partition);
    const text = exactJson(document, 2);
    if (output === undefined) {
      context.print(text);
      return 0;
    }
    const { writeFile } = await import('node:fs/promises');
    try {
      // It may hold secrets, and must not replace a file.
      await writeFile(output, `${text}\n`, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
      throw new Failure(exists ? `${output} exists already` : `cannot write ${output}: ${String(error)}`);
    }
    context.note(`${output}: ${plural(document.tools?.length ?? 0, 'tool')}`);
    return 0;
  },
});

const status = defineCommand({
  command: 'status',
  description: 'Show what a partition serves, and which rows others changed since',
  settings: STORE_FLAGS,
  flags: { partition: PARTITION_FLAG, json: JSON_FLAG },
  async run({ json }, context) {
    const partition = partitionOf(context);
    const { print, paint } = context;
    const [{ withCatalogs }, { isoTimes, shortRevision }, { partitionStatus }] = await Promise.all([
      import('./stored.js'),
      import('./changes-text.js'),
      import('@mcp-daemon/core'),
    ]);
    const found = await withCatalogs(context, (catalogs) => partitionStatus(catalogs, partition), undefined);
    if (found === undefined || found.from === 'none') throw noPartition(partition);
    if (json) {
      const times = { ...found, entry: found.entry && isoTimes(found.entry) };
      const at = found.rows.map(({ updated_at: time, ...row }) => ({
        ...row,
        updated_at: time === null ? null : new Date(time).toISOString(),
      }));
      print(JSON.stringify({ ...times, rows: at }, null, 2));
      return found.rows.length + found.bad.length > 0 ? 1 : 0;
    }
    const { from, entry, functions, rows, bad } = found;
    if (entry === undefined || from === 'rows')
      print(`serves its rows: ${plural(functions, 'function')}. "config adopt" makes them a revision`);
    else
      print(
        `serves revision ${shortRevision(entry.revision)} of ${entry.author}, ${new Date(entry.created_at).toISOString()}: ${plural(functions, 'function')}`,
      );
    for (const { row, reason } of bad) print(`${paint('red', 'unreadable')} ${row}: ${reason}`);
    for (const { row, kind, updated_by: by } of rows) print(`${paint('yellow', kind)} ${row}${by === null ? '' : `, by ${by}`}`);
    if (rows.length > 0) print('"config adopt" serves these rows, "config rollback" or "config apply" replaces them');
    return rows.length + bad.length > 0 ? 1 : 0;
  },
});

const adopt = defineCommand({
  command: 'adopt',
  description: 'Make a revision of the rows that the Python engine wrote',
  settings: STORE_FLAGS,
  flags: {
    partition: PARTITION_FLAG,
    note: NOTE,
    yes: YES,
    'leave-out': switchFlag('Remove rows that cannot be read'),
    json: JSON_FLAG,
  },
  async run({ note, yes, 'leave-out': leaveOut, json }, context) {
    const partition = partitionOf(context);
    const [show, paint] = json ? [context.note, context.paintNote] : [context.print, context.paint];
    const [
      { agreed, author, checkRows, withCatalogs },
      { changeLines, planReport, shortRevision },
      { adoptRows, ConfigError, planAdoption },
    ] = await Promise.all([import('./stored.js'), import('./changes-text.js'), import('@mcp-daemon/core')]);
    const unreadable = (error: unknown): never => {
      if (!(error instanceof ConfigError)) throw error;
      for (const { path, message } of error.mistakes)
        context.note(`${context.paintNote('red', 'unreadable')} ${path}: ${message}`);
      const count = error.mistakes.length;
      const them = count === 1 ? 'it' : 'them';
      throw new Failure(`${plural(count, 'row')} cannot be read: correct ${them}, or add --leave-out to remove ${them}`);
    };
    const code = await withCatalogs(
      context,
      async (catalogs) => {
        const shown = await planAdoption(catalogs, partition, { leaveOut }).catch(unreadable);
        for (const line of changeLines(shown.changes, paint)) show(line);
        if (!shown.unchanged && !(await agreed(`Make the rows of "${partition}" a revision?`, yes, context))) return 1;
        const options = { author: author(), leaveOut, ...(note === undefined ? {} : { note }) };
        // The rows are read again: what somebody wrote while the question was open is adopted, and not replaced.
        const applied = await adoptRows(catalogs, partition, options).catch(unreadable);
        if (applied.plan.revision !== shown.revision) {
          show('the rows have been changed meanwhile; this is adopted:');
          for (const line of changeLines(applied.plan.changes, paint)) show(line);
        }
        const { entry, plan } = applied;
        if (json) context.print(JSON.stringify({ ...planReport(plan), entry: entry?.id ?? null }, null, 2));
        else if (entry === undefined) context.print('no changes: the rows are what is served');
        else context.print(`the partition "${partition}" now serves revision ${shortRevision(entry.revision)}`);
        checkRows(applied, ROWS_AGAIN);
        return 0;
      },
      undefined,
    );
    if (code === undefined) throw noPartition(partition);
    return code;
  },
});

/** The commands for revisions. */
export const REVISION_COMMANDS: readonly Command[] = [history, show, diff, rollback, exportCommand, status, adopt];
