/**
 * `config check`: finds the errors of a config file, and with `--load` code that is missing or broken.
 */
import { dirname, resolve } from 'node:path';

import type { Binding, CatalogDefinition, ConfigDocument, FunctionDefinition, LinkBinding } from '@mcp-daemon/core';

import { messageOf } from '../errors.js';
import { DEFAULT_PARTITION } from '../settings/partition.js';
import { findConfig } from '../settings/paths.js';
import { logsText } from '../settings/settings-log.js';
import { WORDS } from '../terminal/summary.js';
import { displayPath } from '../terminal/text.js';
import type { CommandContext, CommandGroup } from './command.js';
import { defineCommand, switchFlag } from './command.js';
import { REVISION_COMMANDS } from './config-history.js';
import { apply, plan } from './config-plan.js';
import type { Problem } from './config-report.js';

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

/** A config file without errors. */
interface CheckedFile {
  readonly file: string;
  readonly text: string;
  readonly document: ConfigDocument | undefined;
  readonly definition: CatalogDefinition;
}

/** Code or a skill that cannot be loaded. */
interface Found {
  readonly kind: Problem['kind'];
  /** Name of the function, or path of the skill. */
  readonly name: string;
  readonly text: string;
}

/** Makes a function from the names of functions and the paths of skills to the lines of their entries in the text. */
async function linesOf({ text, document }: CheckedFile): Promise<(found: Found) => string> {
  const { locateMistakes } = await import('@mcp-daemon/core');
  const keyOf = (kind: Problem['kind'], name: string): string => `${kind} ${name}`;
  const lines = new Map<string, number | undefined>();
  const places = [
    ...(document?.module_links ?? []).map(({ name }, index) => ({
      path: `$.module_links[${index}]`,
      message: keyOf('function', name),
    })),
    ...(document?.skills ?? []).map(({ path }, index) => ({ path: `$.skills[${index}]`, message: keyOf('skill', path) })),
  ];
  for (const { message, line } of locateMistakes(text, places)) lines.set(message, line);
  return ({ kind, name }) => {
    const line = lines.get(keyOf(kind, name));
    return line === undefined ? '' : `:${line}`;
  };
}

/** Loads the code of every function, as its first call would, and reads all skills. */
async function loadAll(checked: CheckedFile, { settings, env }: Pick<CommandContext, 'settings' | 'env'>): Promise<Problem[]> {
  const { file, definition } = checked;
  const [{ codeSources, firstOf }, modules, { createLogger }, { loadEnvFile }, { linkCheck }] = await Promise.all([
    import('../runtime/code-sources.js'),
    import('@mcp-daemon/modules'),
    import('../log/logger.js'),
    import('../runtime/env-file.js'),
    import('../runtime/link-check.js'),
  ]);
  loadEnvFile(settings, file);
  const base = dirname(file);
  const pretty = logsText(settings, process.stderr.isTTY === true);
  const logger = createLogger({ level: settings.logLevel, pretty, colour: false });
  const sources = codeSources({ settings, env, base, logger });
  const { isolated } = sources;
  const check = linkCheck(firstOf(sources.all), logger, isolated);
  const files = modules.resourceFiles({ base });
  const results = new Map<string, Promise<string | undefined>>();
  const problems: Found[] = [];
  function problemOf(binding: Binding): Promise<string | undefined> | undefined {
    if (binding.kind === 'inline') return undefined;
    if (binding.kind === 'file') return files.read(binding.path).then(() => undefined, messageOf);
    const key = keyOf(binding);
    const result = results.get(key) ?? check(binding).then(() => undefined, messageOf);
    results.set(key, result);
    return result;
  }
  for (const entry of definition.functions) {
    for (const { what, binding } of bindingsOf(entry)) {
      const problem = await problemOf(binding);
      if (problem !== undefined) problems.push({ kind: 'function', name: entry.name, text: `${what}: ${problem}` });
    }
  }
  await isolated.close?.();
  const skills = modules.skillFolders({ base, bundles: sources.bundles });
  for (const skill of definition.skills ?? []) {
    const { path } = skill;
    const problem = await skills.load(skill, DEFAULT_PARTITION).then(() => undefined, messageOf);
    if (problem !== undefined) problems.push({ kind: 'skill', name: path, text: `skill "${path}": ${problem}` });
  }
  await sources.bundles.close();
  if (problems.length === 0) return [];
  const lineOf = await linesOf(checked);
  return problems.map((found) => ({ kind: found.kind, text: `${displayPath(file)}${lineOf(found)}: ${found.text}` }));
}

const check = defineCommand({
  command: 'check [file]',
  description: 'Find all errors and warnings of a config file',
  settings: ['config', 'envFile', 'logLevel', 'logFormat'],
  positionals: { file: { type: 'string', describe: 'Config file; the same as --config' } },
  flags: {
    load: switchFlag('Also load the code of every function, and read resource files and skills'),
    strict: switchFlag('Exit with 1 if there are warnings'),
    hints: switchFlag('Also show what could be added'),
    json: switchFlag('Print errors and warnings as JSON'),
  },
  examples: [['config check mcp.json --load', 'Check the file and the code that it links to']],
  async run({ file: path, load, strict, hints, json }, context) {
    const [{ inspectConfigFile }, { hintsAbout, printReport, reportJson }] = await Promise.all([
      import('../runtime/config-file.js'),
      import('./config-report.js'),
    ]);
    const { settings } = context;
    const file = path === undefined ? findConfig(settings) : resolve(path);
    const { config, document, text, mistakes: errors, warnings } = inspectConfigFile(file);
    const definition = config?.definition;
    let { print } = context;
    let problems: Problem[] | undefined;
    if (load && definition !== undefined) {
      const { guardStdout } = await import('../runtime/stdout-guard.js');
      // The code may print while it is loaded.
      const { output } = guardStdout();
      print = (line) => void output.write(`${line}\n`);
      problems = await loadAll({ file, text, document, definition }, context);
    }
    const report = {
      file,
      errors,
      warnings,
      problems,
      definition,
      hints: hints && definition ? hintsAbout(definition) : undefined,
    };
    const failed = errors.length > 0 || (problems ?? []).length > 0 || (strict && warnings.length > 0);
    if (json) print(reportJson(report, !failed));
    else printReport(report, { ...context, print });
    return failed ? 1 : 0;
  },
});

/** Commands for config files. */
export const config: CommandGroup = {
  command: 'config',
  description: 'Check config files, and apply them to partitions of the store',
  commands: [check, plan, apply, ...REVISION_COMMANDS],
};
