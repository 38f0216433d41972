/**
 * The `serve` command, for command lines that the fast path in main.ts does not recognize, such as a config file without the
 * ending `.json`.
 */
import { UsageError } from '../errors.js';
import { SETTING_NAMES } from '../settings/settings.js';
import { defineCommand } from './command.js';

/** Serves a config file. */
export const serve = defineCommand({
  command: '$0 [file]',
  aliases: ['serve'],
  description: 'Serve a config file, over HTTP or on stdin and stdout',
  settings: SETTING_NAMES,
  positionals: { file: { type: 'string', describe: 'Config file; the same as --config' } },
  async run({ file }, { env, flags }) {
    if (file !== undefined && flags['config'] !== undefined)
      throw new UsageError(`two config files: ${file} and --config ${String(flags['config'])}. Give one`);
    const { serve: start } = await import('../serve/serve.js');
    await start(file === undefined ? flags : { ...flags, config: file }, env);
    return undefined;
  },
});
