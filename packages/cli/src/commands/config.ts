/**
 * `config check`: finds the errors of a config file, and with `--load` code that is missing or broken.
 */
import { dirname, resolve } from 'node:path';

import type { Binding, CatalogDefinition, FunctionDefinition, LinkBinding } from '@mcp-daemon/core';

import { messageOf } from '../errors.js';
import { findConfig } from '../settings/paths.js';
import { summary, WORDS } from '../terminal/summary.js';
import { displayPath, plural } from '../terminal/text.js';
import type { CommandGroup } from './command.js';
import { defineCommand, switchFlag } from './command.js';

/** All bindings of one function, with what each is for. */
function* bindingsOf(entry: FunctionDefinition): Generator<{ what: string; binding: Binding }> {
  const what = `${WORDS[entry.kind]} "${entry.name}"`;
  yield { what, binding: entry.binding };
  if (entry.kind === 'prompt') {
    for (const { name, completion } of entry.arguments) {
      if (completion?.kind === 'function') yield { what: `${what}, completions of "${name}"`, binding: completion.binding };
    }
  }
  if (entry.kind === 'resource_template') {
    for (const [name, completion] of Object.entries(entry.completions ?? {})) {
      if (completion.kind === 'function') yield { what: `${what}, completions of "${name}"`, binding: completion.binding };
    }
  }
}

const keyOf = (link: LinkBinding): string =>
  JSON.stringify([link.source, link.package_name, link.module_name, link.class_name, link.function_name, link.setting]);

/** Loads the code of every function, as its first call would. @returns one line per problem */
async function loadAll(file: string, definition: CatalogDefinition, logLevel: string): Promise<string[]> {
  const [{ localModules }, { createLogger }, { linkCheck }] = await Promise.all([
    import('@mcp-daemon/modules'),
    import('../log/logger.js'),
    import('../runtime/link-check.js'),
  ]);
  const logger = createLogger({ level: logLevel, pretty: process.stderr.isTTY === true, colour: false });
  const check = linkCheck(localModules({ base: dirname(file), logger }), logger);
  const results = new Map<string, Promise<string | undefined>>();
  const lines: string[] = [];
  for (const entry of definition.functions) {
    for (const { what, binding } of bindingsOf(entry)) {
      if (binding.kind !== 'link') continue;
      const key = keyOf(binding);
      const result = results.get(key) ?? check(binding).then(() => undefined, messageOf);
      results.set(key, result);
      const problem = await result;
      if (problem !== undefined) lines.push(`${displayPath(file)}: ${what}: ${problem}`);
    }
  }
  return lines;
}

const check = defineCommand({
  command: 'check [file]',
  description: 'Find all errors of a config file',
  settings: ['config', 'logLevel'],
  positionals: { file: { type: 'string', describe: 'Config file; the same as --config' } },
  flags: { load: switchFlag('Also load the code of every function') },
  examples: [['config check mcp.json --load', 'Check the file and the code that it links to']],
  async run({ file: path, load }, { settings, print, note, paint, paintNote }) {
    const [{ ConfigError }, { readConfigFile }, { errorLines }] = await Promise.all([
      import('@mcp-daemon/core'),
      import('../runtime/config-file.js'),
      import('../runtime/report.js'),
    ]);
    const file = path === undefined ? findConfig(settings) : resolve(path);
    const shown = displayPath(file);
    let definition: CatalogDefinition;
    try {
      ({ definition } = readConfigFile(file));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const line of errorLines(error, shown)) note(line);
      note(paintNote('red', `${shown}: ${plural(error.mistakes.length, 'error')}`));
      return 1;
    }
    const ok = `${shown}: ${paint('green', 'ok')} — ${summary(definition)}`;
    if (!load) {
      print(ok);
      return 0;
    }
    const { guardStdout } = await import('../runtime/stdout-guard.js');
    const { output } = guardStdout();
    const problems = await loadAll(file, definition, settings.logLevel);
    for (const line of problems) note(line);
    if (problems.length > 0) note(paintNote('red', `${shown}: ${plural(problems.length, 'function')} cannot be called`));
    else output.write(`${ok}, all code loaded\n`);
    return problems.length > 0 ? 1 : 0;
  },
});

/** Commands for config files. */
export const config: CommandGroup = { command: 'config', description: 'Check config files', commands: [check] };
