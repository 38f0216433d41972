/**
 * `config check`: whether a config file is good, and with `--load` whether its code is there.
 */
import { dirname, resolve } from 'node:path';

import type { Binding, CatalogDefinition, FunctionDefinition, LinkBinding } from '@mcp-daemon/core';
import { ConfigError } from '@mcp-daemon/core';
import { localModules } from '@mcp-daemon/modules';

import { messageOf } from '../errors.js';
import { createLogger } from '../log/logger.js';
import { mistakeLines, readConfigFile } from '../runtime/config-file.js';
import { linkCheck } from '../runtime/link-check.js';
import { guardStdout } from '../runtime/stdout-guard.js';
import { findConfig } from '../settings/places.js';
import { summary, WORDS } from '../terminal/summary.js';
import { counted, shownPath } from '../terminal/text.js';
import type { Command } from './command.js';

/** All code that one function needs, with what it is needed for. */
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

/** Loads the code of every function, as its first call would. @returns what does not work, a line each */
async function loadAll(file: string, definition: CatalogDefinition, logLevel: string): Promise<string[]> {
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
      if (problem !== undefined) lines.push(`${shownPath(file)}: ${what}: ${problem}`);
    }
  }
  return lines;
}

/** Checks one config file. */
export const configCheck: Command<{ file?: string; load: boolean }> = async (args, context) => {
  const { settings, print, note, paint, paintNote } = context;
  const file = args.file === undefined ? findConfig(settings) : resolve(args.file);
  const shown = shownPath(file);
  let definition: CatalogDefinition;
  try {
    ({ definition } = readConfigFile(file));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of mistakeLines(error, shown)) note(line);
    note(paintNote('red', `${shown}: ${counted(error.mistakes.length, 'mistake')}`));
    return 1;
  }
  if (args.load) {
    const { output } = guardStdout();
    const problems = await loadAll(file, definition, settings.logLevel);
    for (const line of problems) note(line);
    if (problems.length > 0) note(paintNote('red', `${shown}: ${counted(problems.length, 'function')} cannot be called`));
    else output.write(`${shown}: ${paint('green', 'ok')} — ${summary(definition)}, all code loaded\n`);
    return problems.length > 0 ? 1 : 0;
  }
  print(`${shown}: ${paint('green', 'ok')} — ${summary(definition)}`);
  return 0;
};
