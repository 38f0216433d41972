/**
 * `add tool`: adds a tool to the config file: its entry, its link, and a function to write.
 */
import { dirname } from 'node:path';

import type { Config, ConfigDocument, JsonObject, Mistake } from '@mcp-daemon/core';
import { inspectConfigText, normalizeConfig } from '@mcp-daemon/core';

import { Failure, UsageError } from '../errors.js';
import { appendJson } from '../hosts/json-edit.js';
import { textOf } from '../hosts/write.js';
import { readDocumentFile } from '../runtime/config-file.js';
import { warningLine } from '../runtime/report.js';
import { findConfig } from '../settings/paths.js';
import { displayPath } from '../terminal/text.js';
import type { NewArgument } from './add-arguments.js';
import { inputSchemaOf, readArgument, sampleOf } from './add-arguments.js';
import { readCode } from './add-code.js';
import type { FunctionPlace } from './add-place.js';
import { formatOf, placeOf, usualFile } from './add-place.js';
import type { Added } from './add-stub.js';
import { camelCase, isIdentifier, withFunction } from './add-stub.js';
import type { CommandContext } from './command.js';
import { askLines } from './questions.js';
import { quoted } from './shell.js';
import { writeText } from './text-file.js';

/** What the user has given on the command line. */
export interface GivenTool {
  readonly name: string | undefined;
  readonly words: readonly string[];
  readonly description: string | undefined;
  readonly module: string | undefined;
  readonly className: string | undefined;
  readonly functionName: string | undefined;
}

/** What is known of the new tool, before its place is looked for. */
interface Wanted extends GivenTool {
  readonly name: string;
  readonly arguments: readonly NewArgument[];
}

const BOM = '\uFEFF';

/** @throws UsageError for a name that some clients refuse, Failure for one that is in use: a name is used once in a config file */
function checkName(name: string, { definition }: Config, shown: string): void {
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name))
    throw new UsageError(`[name]: must be 1 to 128 characters of A-Z a-z 0-9 _ - . not ${JSON.stringify(name)}`, { hint: false });
  const taken = definition.functions.find((each) => each.name === name);
  if (taken === undefined) return;
  throw new Failure(`${shown} has a ${taken.kind.replace('_', ' ')} "${name}" already: give another name`);
}

/** Whether an answer is one. If it is not, says why. */
function isGood(check: () => unknown, note: (line: string) => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    note(`  ${error.message}`);
    return false;
  }
}

/** Asks for everything that no flag gives. @throws Failure at the end of the input */
async function ask(given: GivenTool, config: Config, file: string, { note }: CommandContext): Promise<Wanted> {
  const [folder, shown] = [dirname(file), displayPath(file)];
  const usual = displayPath(usualFile(config.definition, folder));
  const wanted: { name: string; description: string | undefined; words: string[]; module: string | undefined } = {
    ...{ name: '', description: given.description, words: [...given.words], module: given.module },
  };
  await askLines(async (question) => {
    while (wanted.name === '') {
      const name = await question('Name of the tool, such as get_weather: ');
      if (name !== '' && isGood(() => checkName(name, config, shown), note)) wanted.name = name;
    }
    wanted.description ??= await question('What does it do? Models choose tools by this: ');
    while (given.words.length === 0) {
      const word = await question('Argument, such as "city:string! Name of the city" (empty: no more): ');
      if (word === '') break;
      if (isGood(() => inputSchemaOf([...wanted.words, word].map(readArgument)), note)) wanted.words.push(word);
    }
    wanted.module ??= (await question(`File with its function (${usual}): `)) || undefined;
  });
  return { ...given, ...wanted, arguments: wanted.words.map(readArgument) };
}

/** The module with the function. @returns undefined where the function is there already @throws Failure where it cannot be added */
async function moduleWith(
  { name, description, arguments: all }: Wanted,
  { file, className }: FunctionPlace,
  functionName: string,
): Promise<Added | undefined> {
  const text = await textOf(file);
  const code = text === undefined ? undefined : await readCode(text, file);
  const shown = displayPath(file);
  if (code !== undefined && className !== undefined) {
    const found = code.classes.get(className);
    if (found === undefined) throw new Failure(`${shown} has no class "${className}" of its own. Nothing was written`);
    if (found.members.has(functionName)) return undefined;
  } else if (code?.exported.has(functionName)) return undefined;
  else if (code?.declared.has(functionName))
    throw new Failure(
      `${shown} has "${functionName}" already, and does not export it. Nothing was written: export it, or pass --function`,
    );
  const format = formatOf(file, code);
  const made = { name: functionName, tool: name, description, arguments: all, className };
  const added = withFunction(text, code, file, format, made);
  // The file that is written can be loaded, and has the function.
  const check = await readCode(added.text, file);
  const isThere =
    className === undefined ? check.exported.has(functionName) : check.classes.get(className)?.members.has(functionName);
  if (isThere !== true) throw new Failure(`cannot add "${functionName}" to ${shown}. Nothing was written`);
  return added;
}

/** The config file with the tool. @throws UsageError with the mistakes that the tool would be */
function configWith(
  text: string,
  tool: JsonObject,
  link: JsonObject,
): { text: string; document: ConfigDocument; warnings: readonly Mistake[] } {
  const mark = text.startsWith(BOM) ? BOM : '';
  const edited = appendJson(appendJson(text.slice(mark.length), ['tools'], tool), ['module_links'], link);
  const { document, mistakes, warnings } = inspectConfigText(edited, { support: { settingIds: true } });
  if (document === undefined)
    throw new UsageError(`${mistakes.map(({ message }) => message).join('\n')}\nNothing was written`, { hint: false });
  return { text: mark + edited, document, warnings };
}

/** Adds a tool, and tells what to do next. @throws UsageError and Failure, with nothing written */
export async function addTool(given: GivenTool, context: CommandContext): Promise<void> {
  const { settings, launch, note, print, paint, paintNote } = context;
  const file = findConfig(settings);
  const shown = displayPath(file);
  const folder = dirname(file);
  const config = normalizeConfig(readDocumentFile(file, { files: true }).document);
  const before = (await textOf(file)) ?? '';
  if (given.name === undefined && !context.interactive)
    throw new UsageError('give the name of the tool: add tool get_weather city:string! --description "…"');
  const wanted =
    given.name === undefined
      ? await ask(given, config, file, context)
      : { ...given, name: given.name, arguments: given.words.map(readArgument) };
  const { name, description, functionName = camelCase(name, 'Tool') } = wanted;
  checkName(name, config, shown);
  if (!isIdentifier(functionName)) throw new UsageError(`--function: ${JSON.stringify(functionName)} is no name of a function`);
  if (wanted.className !== undefined && !isIdentifier(wanted.className))
    throw new UsageError(`--class: ${JSON.stringify(wanted.className)} is no name of a class`);
  const place = placeOf(config.definition, folder, wanted);
  const tool = { name, ...(description ? { description } : {}), inputSchema: inputSchemaOf(wanted.arguments) };
  const link = {
    ...{ type: 'tool', name, module_name: place.moduleName },
    ...(place.className === undefined ? {} : { class_name: place.className }),
    function_name: functionName,
  };
  const after = configWith(before, tool, link);
  const added = await moduleWith(wanted, place, functionName);
  // The function first: a running server would miss it.
  if (added !== undefined) await writeText(place.file, added.text);
  await writeText(file, after.text);
  const own = `$.tools[${(after.document.tools?.length ?? 0) - 1}]`;
  for (const warning of after.warnings.filter(({ path }) => path.startsWith(own))) note(warningLine(warning, shown, paintNote));
  const code = displayPath(place.file);
  const where = `${functionName}()${place.className === undefined ? '' : ` of ${place.className}`}`;
  const self = `${launch().shown}${settings.config === undefined ? '' : ` --config ${quoted(shown)}`}`;
  const sample = JSON.stringify(sampleOf(wanted.arguments));
  print(`${paint('green', 'wrote')} ${shown}: tool ${name}`);
  print(
    added === undefined
      ? `${paint('dim', 'kept')} ${code}: ${where}`
      : `${paint('green', 'wrote')} ${code}:${added.line}: ${where}`,
  );
  print('');
  print(paint('bold', 'Next'));
  if (added !== undefined) print(`  write its code: ${code}:${added.line}`);
  if (!description) print(`  write its "description" in ${shown}: models choose tools by it`);
  print(`  ${self} call ${quoted(name)}${sample === '{}' ? '' : ` ${quoted(sample)}`}`);
  print('A running server serves it without a restart, and tells its clients.');
}
