/**
 * `store sweep`: removes payloads from the bucket whose records are gone.
 */
import type { SweepReport } from '@mcp-daemon/aws';

import { UsageError } from '../errors.js';
import { plural, size } from '../terminal/text.js';
import { defineCommand, STORE_FLAGS, switchFlag } from './command.js';

/** The exit code of a process that ended by Ctrl+C. */
const INTERRUPTED = 130;

function textOf({ looked, young, removed, bytes, rows }: SweepReport, dryRun: boolean): string {
  const done = dryRun ? 'would be removed' : removed === 1 ? 'was removed' : 'were removed';
  const left = young === 0 ? '' : `, ${young} of them too young to be looked at`;
  return `${plural(removed, 'payload')} (${size(bytes)}) ${done}, of ${looked}${left}; ${plural(rows, 'row')} read`;
}

/** `store sweep` */
export const sweep = defineCommand({
  command: 'sweep',
  description: 'Remove payloads from the bucket whose records have expired; may be stopped and started again',
  settings: STORE_FLAGS,
  flags: {
    limit: { number: true, requiresArg: true, describe: 'Remove at most this many', defaultDescription: 'no limit' },
    'dry-run': switchFlag('Only count'),
    json: switchFlag('Print JSON'),
  },
  examples: [['store sweep --dry-run', 'Count what would be removed']],
  async run({ limit, 'dry-run': dryRun, json }, context) {
    const { settings, env, print, note } = context;
    if (settings.store !== 'dynamodb')
      throw new UsageError(`the ${settings.store} store needs no "store sweep": for DynamoDB, set MCP_STORE=dynamodb`, {
        hint: false,
      });
    if (settings.bucket === undefined)
      throw new UsageError('there is no bucket to sweep: set FUNCT_BUCKET_NAME or --bucket', { hint: false });
    if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1))
      throw new UsageError('--limit: must be a whole number above 0', { hint: false });
    const [{ sweepAwsStore }, { refused }] = await Promise.all([import('../runtime/aws-store.js'), import('./record.js')]);
    const ending = new AbortController();
    const stop = (): void => ending.abort();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    const most = limit === undefined ? {} : { most: limit };
    const report = await refused(sweepAwsStore(settings, env, { dryRun, ...most, signal: ending.signal, onProgress: note }));
    print(json ? JSON.stringify(report, null, 2) : textOf(report, dryRun));
    if (!ending.signal.aborted) return 0;
    note('stopped; "store sweep" goes on where it is started again');
    return INTERRUPTED;
  },
});
