/** `calls replay`: makes a recorded call again, and shows how the result differs. */
import { Failure, UsageError } from '../errors.js';
import { CALL_FILTERS } from './calls-flags.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { partitionOf } from './partition-flag.js';

/** The exit code where something differs: 1 says that there was no replay, 2 that the command line is wrong. */
const DIFFERS = 3;

/** The flag for what is not compared. */
export const IGNORE_FLAG = textFlag(
  'JSON path that is not compared, such as $.structuredContent.time, or the name of a member anywhere, such as time; may be repeated',
  { array: true },
);

/** `calls replay` */
export const callsReplay = defineCommand({
  command: 'replay <id>',
  description: 'Make a recorded call again, and show how the result differs; exit code 3 if it does',
  settings: ['config', 'envFile', 'logLevel', 'logFormat', 'timeoutMs', ...STORE_FLAGS, 'zipPath', 'extractPath'],
  positionals: {
    id: { type: 'string', demandOption: true, describe: 'ID of the call, as "mcp-daemon calls list" shows it, or "last"' },
  },
  flags: {
    partition: CALL_FILTERS.partition,
    revision: textFlag('Run it on this revision of the partition, in place of what is served now'),
    bundle: textFlag('Run it on the code of the bundle with this SHA-256'),
    ignore: IGNORE_FLAG,
    force: switchFlag('Also run a function that may change something: one without the annotation readOnlyHint'),
    json: switchFlag('Print JSON'),
  },
  examples: [
    ['calls replay last', 'Make the newest call again, on the code as it is now'],
    ['calls replay 3f2a91bc --revision 5d41402a --ignore time', 'Make a call again on an older revision'],
  ],
  async run({ id, revision, bundle, ignore = [], force, json }, context) {
    const partition = partitionOf(context);
    const [
      { DaemonError, ignoredPaths, replayCall },
      { findRecord, openRecord, useRecord },
      { replayCatalog },
      { replayRuntime, withBundle },
    ] = await Promise.all([
      import('@mcp-daemon/core'),
      import('./record.js'),
      import('./replay-catalog.js'),
      import('./replay-runtime.js'),
    ]);
    const { replayLines } = await import('./replay-text.js');
    const paths = ignoredPaths(ignore);
    if ('wrong' in paths) throw new UsageError(`--ignore: "${paths.wrong}" is neither a JSON path such as $.a.b nor a name`);
    const store = await openRecord(context);
    if (store === undefined) throw new Failure(`no call with the id "${id}": no calls recorded yet`);
    const { record, catalog } = await useRecord(store, async () => {
      const found = await findRecord(store, partition, id);
      return { record: found, catalog: await replayCatalog(context, store, partition, revision) };
    });
    const served = bundle === undefined ? catalog : withBundle(catalog, record.name, bundle);
    const { daemon, print } = replayRuntime(context, served, partition);
    try {
      const replay = await replayCall(daemon, record, { force, ignore: paths.paths });
      if (json) print(JSON.stringify(replay, null, 2));
      else for (const line of replayLines(replay, context.paint)) print(line);
      return replay.same ? 0 : DIFFERS;
    } catch (error) {
      if (!(error instanceof DaemonError) || error.code !== 'not_replayable') throw error;
      throw new Failure(error.message.replace('Use force to run it.', '--force runs it all the same'));
    } finally {
      await daemon.close({ drainMs: 1_000 });
    }
  },
});
