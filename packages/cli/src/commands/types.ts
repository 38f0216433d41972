/**
 * `types`: writes TypeScript for what a server offers.
 */
import { Failure, UsageError } from '../errors.js';
import { displayPath, plural } from '../terminal/text.js';
import { defineCommand, STORE_FLAGS, switchFlag, textFlag } from './command.js';
import { PARTITION_FLAG } from './partition-flag.js';
import { quoted } from './shell.js';
import type { TypesSource } from './types-source.js';

/** How many lines of a stale file `--check` shows. */
const SHOWN_LINES = 30;

/** The command that writes the file again, without what may be a secret. */
function commandLine(shown: string, { file, url, partition, token, header }: TypesSource, out: string): string {
  const words = ['types', ...(file === undefined ? [] : [file]), ...(url === undefined ? [] : ['--url', url])];
  if (partition !== undefined) words.push('--partition', partition);
  const secrets = [...(token === undefined ? [] : ['--token …']), ...header.map(() => '--header …')];
  return [shown, ...[...words, '--out', displayPath(out)].map(quoted), ...secrets].join(' ');
}

/** Writes TypeScript for a config file, a partition of the store, or a running server. */
export const types = defineCommand({
  command: 'types [file]',
  description: 'Write TypeScript types and a typed client for the tools, resources and prompts',
  settings: ['config', ...STORE_FLAGS],
  positionals: { file: { type: 'string', describe: 'Config file, the same as --config; "-" reads it from stdin' } },
  flags: {
    out: textFlag('File to write, such as src/tools.ts', { alias: 'o', defaultDescription: 'stdout' }),
    check: switchFlag('Write nothing; exit code 1 if the file of --out is not up to date'),
    url: textFlag('URL of a running MCP server, such as http://localhost:8000/mcp, in place of a config file'),
    token: textFlag('Bearer token for the URL'),
    header: textFlag('Header to send to the URL, as "Name: value"; may be repeated', { array: true }),
    partition: { ...PARTITION_FLAG, describe: 'Partition of the store, in place of a config file', defaultDescription: 'none' },
  },
  examples: [
    ['types --out src/tools.ts', 'Write types for the config file'],
    ['types --out src/tools.ts --check', 'Fail if they are not up to date, as in CI'],
    ['types --url http://localhost:8000/mcp --token "$TOKEN" --out src/tools.ts', 'Write types for a running server'],
  ],
  async run({ file, out, check, url, token, header = [] }, context) {
    const { print, note, paintNote, launch } = context;
    if (check && out === undefined) throw new UsageError('--check needs --out: the file to check');
    const [{ generateTypes, isGenerated }, { readListing }, { textOf, writeText }] = await Promise.all([
      import('../typescript/generate.js'),
      import('./types-source.js'),
      import('./text-file.js'),
    ]);
    const flag = context.flags['partition'];
    const source: TypesSource = { file, url, token, header, partition: flag === undefined ? undefined : String(flag) };
    const listing = await readListing(source, context);
    const text = generateTypes(listing);
    if (out === undefined) {
      print(text.trimEnd());
      return 0;
    }
    const before = await textOf(out);
    // Git may have changed the ends of lines.
    const isFresh = before?.replaceAll('\r\n', '\n') === text;
    if (check) {
      if (isFresh) {
        note(`${displayPath(out)} is up to date`);
        return 0;
      }
      if (before !== undefined) {
        const { diff } = await import('../hosts/diff.js');
        const lines = diff(before, text, paintNote);
        for (const line of lines.slice(0, SHOWN_LINES)) note(line);
        if (lines.length > SHOWN_LINES) note(`… ${plural(lines.length - SHOWN_LINES, 'more line')}`);
      }
      const problem = before === undefined ? 'does not exist' : 'is not up to date';
      throw new Failure(`${displayPath(out)} ${problem}. Run: ${commandLine(launch().shown, source, out)}`);
    }
    if (before !== undefined && before !== '' && !isGenerated(before))
      throw new Failure(
        `${displayPath(out)} was not written by "mcp-daemon types"; nothing was written. Remove it, or give another name`,
      );
    if (!isFresh) await writeText(out, text);
    const { tools, resources, templates, prompts } = listing;
    const counts = [plural(tools.length, 'tool'), plural(resources.length + templates.length, 'resource')];
    note(`${isFresh ? 'kept' : 'wrote'} ${displayPath(out)}: ${[...counts, plural(prompts.length, 'prompt')].join(', ')}`);
    return 0;
  },
});
