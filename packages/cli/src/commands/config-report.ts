/**
 * What `config check` prints.
 */
import type { CatalogDefinition, FunctionDefinition, Mistake } from '@mcp-daemon/core';

import { errorLine, warningLine } from '../runtime/report.js';
import { summary } from '../terminal/summary.js';
import { displayPath, plural } from '../terminal/text.js';
import type { CommandContext } from './command.js';
import { frameOf } from './source-frame.js';

/** Code, or a skill, that cannot be loaded. */
export interface Problem {
  readonly kind: 'function' | 'skill';
  readonly text: string;
}

/** All that a check found out about one file. */
export interface CheckReport {
  readonly file: string;
  readonly errors: readonly Mistake[];
  readonly warnings: readonly Mistake[];
  /** What could be added; absent if nobody asked. */
  readonly hints: readonly string[] | undefined;
  /** What cannot be loaded; absent if it was not tried. */
  readonly problems: readonly Problem[] | undefined;
  /** Absent if there are errors. */
  readonly definition: CatalogDefinition | undefined;
}

/** Whether a tool says that it does no harm, so that a host which asks nobody calls it. */
const isHarmless = ({ annotations }: FunctionDefinition): boolean =>
  annotations?.['readOnlyHint'] === true ||
  (annotations?.['destructiveHint'] === false && annotations['openWorldHint'] === false);

/** What is good to have, and often left out on purpose. */
export function hintsAbout({ instructions, functions }: CatalogDefinition): string[] {
  const hints: string[] = [];
  if (!instructions) hints.push('no "instructions": some hosts show only these to their model until it searches for tools');
  const silent = functions.filter(({ kind, description }) => kind === 'tool' && !description).map(({ name }) => name);
  if (silent.length > 0) hints.push(`tools without a description, which models need to choose a tool: ${silent.join(', ')}`);
  const refused = functions.filter((entry) => entry.kind === 'tool' && !isHarmless(entry)).map(({ name }) => name);
  if (refused.length > 0)
    hints.push(
      `tools that "codex exec" does not call, unless its config allows it: ${refused.join(', ')}; ` +
        `for those that change nothing, write "annotations": { "readOnlyHint": true }`,
    );
  return hints;
}

/** The report as JSON. */
export function reportJson({ file, errors, warnings, hints, problems }: CheckReport, ok: boolean): string {
  const more = { ...(hints && { hints }), ...(problems && { problems: problems.map(({ text }) => text) }) };
  return JSON.stringify({ file, ok, errors, warnings, ...more }, undefined, 2);
}

/** `2 functions cannot be called, 1 skill cannot be served`. */
function failures(problems: readonly Problem[]): string {
  const count = (kind: Problem['kind'], what: string): string[] => {
    const { length } = problems.filter((problem) => problem.kind === kind);
    return length === 0 ? [] : [`${plural(length, kind)} ${what}`];
  };
  return [...count('function', 'cannot be called'), ...count('skill', 'cannot be served')].join(', ');
}

/** Prints the report for people. */
export function printReport(
  { file, errors, warnings, hints = [], problems, definition }: CheckReport,
  { print, note, paint, paintNote }: Pick<CommandContext, 'print' | 'note' | 'paint' | 'paintNote'>,
): void {
  const shown = displayPath(file);
  const frame = errors.length + warnings.length === 0 ? () => [] : frameOf(file);
  const show = (line: string, mistake: Mistake, colour: 'red' | 'yellow'): void => {
    note(line);
    for (const part of frame(mistake)) note(part.isCaret ? paintNote(colour, part.text) : paintNote('dim', part.text));
  };
  for (const error of errors) show(errorLine(error, shown), error, 'red');
  for (const warning of warnings) show(warningLine(warning, shown, paintNote), warning, 'yellow');
  for (const hint of hints) note(`${paintNote('cyan', 'hint')} ${shown}: ${hint}`);
  for (const { text } of problems ?? []) note(text);
  const also = warnings.length === 0 ? '' : `, ${plural(warnings.length, 'warning')}`;
  if (definition === undefined) note(paintNote('red', `${shown}: ${plural(errors.length, 'error')}${also}`));
  else if (problems !== undefined && problems.length > 0) note(paintNote('red', `${shown}: ${failures(problems)}${also}`));
  else {
    const { length: skills } = definition.skills ?? [];
    const loaded = problems === undefined ? '' : skills > 0 ? ', all code and skills loaded' : ', all code loaded';
    print(`${shown}: ${paint('green', 'ok')} — ${summary(definition)}${loaded}${also}`);
  }
}
