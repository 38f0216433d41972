/**
 * `store init` and `store check`: prepare and check the store on DynamoDB and S3. `store copy` and `store sweep` are in files of their own.
 */
import type { CheckFinding, CheckReport } from '@mcp-daemon/aws';

import { UsageError } from '../errors.js';
import { plural } from '../terminal/text.js';
import type { CommandContext, CommandGroup } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag } from './command.js';
import { copy } from './store-copy.js';
import { sweep } from './store-sweep.js';

/** @throws UsageError if the settings name a store that needs none of this */
function wantDynamo({ settings }: CommandContext, what: string): void {
  if (settings.store === 'dynamodb') return;
  throw new UsageError(`the ${settings.store} store needs no "${what}": for DynamoDB, set MCP_STORE=dynamodb`, { hint: false });
}

const init = defineCommand({
  command: 'init',
  description: 'Create the DynamoDB tables that are missing; may be repeated',
  settings: STORE_FLAGS,
  flags: { json: switchFlag('Print JSON') },
  examples: [['store init --store dynamodb --region eu-central-1', 'Create the tables']],
  async run({ json }, context) {
    wantDynamo(context, 'store init');
    const { settings, env, print, note, paint } = context;
    const [{ initAwsStore }, { refused }] = await Promise.all([import('../runtime/aws-store.js'), import('./record.js')]);
    const report = await refused(initAwsStore(settings, env, note));
    if (json) {
      print(JSON.stringify(report, null, 2));
      return 0;
    }
    for (const name of report.existing) print(`exists   ${name}`);
    for (const name of report.created) print(`${paint('green', 'created')}  ${name}`);
    if (!report.expiry) note('old records are hidden but not removed: this engine does not expire rows, or another TTL is set');
    return 0;
  },
});

/** What is right, as one line a kind. */
const KINDS: Readonly<Record<CheckFinding['kind'], (count: number) => string>> = {
  table: (count) => `${plural(count, 'table')}, with keys and indexes`,
  permission: (count) => `${plural(count, 'permission')} on tables`,
  expiry: (count) => `expired rows of ${plural(count, 'table')} are removed (TTL)`,
  bucket: (count) => `${plural(count, 'permission')} on the bucket`,
};

/** What was found, short: one line for all of a kind that is right, and each problem in full. */
function summaryOf({ reachable, region, findings }: CheckReport): Omit<CheckFinding, 'kind'>[] {
  const lines: Omit<CheckFinding, 'kind'>[] = reachable ? [{ level: 'ok', what: `DynamoDB in ${region} answers` }] : [];
  for (const [kind, what] of Object.entries(KINDS)) {
    const all = findings.filter((finding) => finding.kind === kind);
    const bad = all.filter(({ level }) => level !== 'ok');
    if (all.length > bad.length) lines.push({ level: 'ok', what: what(all.length - bad.length) });
    lines.push(...bad);
  }
  return lines;
}

const check = defineCommand({
  command: 'check',
  description: 'Check the DynamoDB tables, the permissions and the bucket',
  settings: STORE_FLAGS,
  flags: { verbose: switchFlag('Also print each thing that is right'), json: switchFlag('Print JSON') },
  async run({ verbose, json }, context) {
    wantDynamo(context, 'store check');
    const { settings, env, print, paint } = context;
    const [{ checkAwsStore }, { refused }] = await Promise.all([import('../runtime/aws-store.js'), import('./record.js')]);
    const report = await refused(checkAwsStore(settings, env));
    const errors = report.findings.filter(({ level }) => level === 'error').length;
    if (json) {
      print(JSON.stringify(report, null, 2));
      return errors > 0 ? 1 : 0;
    }
    const lines = verbose ? report.findings : summaryOf(report);
    for (const { level, what, problem } of lines) {
      const mark = level === 'ok' ? paint('green', 'ok     ') : paint(level === 'error' ? 'red' : 'yellow', level.padEnd(7));
      print(`${mark} ${what}${problem === undefined ? '' : `: ${problem}`}`);
    }
    const { region } = report;
    const bucket = settings.bucket === undefined ? 'without a bucket' : `with the bucket ${settings.bucket}`;
    print(
      errors === 0 ? `the store in ${region} can be used, ${bucket}` : `${plural(errors, 'problem')} in ${region}, ${bucket}`,
    );
    return errors > 0 ? 1 : 0;
  },
});

/** Commands for the store. */
export const store: CommandGroup = {
  command: 'store',
  description: 'Prepare, check, clean up and copy the store',
  commands: [init, check, sweep, copy],
};
