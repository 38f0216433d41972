/**
 * The types of prompts, and `createPrompts`.
 */
import type { ListedPrompt } from './listing.js';
import type { Names } from './names.js';
import { pascalCase } from './names.js';
import { docComment, docLines, keyOf, quote } from './print.js';
import { declared } from './tools.js';
import type { ObjectType } from './type.js';
import { NEVER, text } from './type.js';
import { CREATE_PROMPTS } from './wrapper.js';

/** The type of a prompt's arguments. All of them are strings. */
function argumentsType({ arguments: listed }: ListedPrompt): ObjectType {
  const members = listed.map(({ name, title, description, required }) => ({
    name,
    type: text('string'),
    isOptional: required !== true,
    doc: docLines(description ?? title),
  }));
  return members.length === 0 ? { kind: 'object', members, index: NEVER } : { kind: 'object', members };
}

/** The part of the file for prompts; undefined where there are none. */
export function promptsSection(prompts: readonly ListedPrompt[], names: Names): string | undefined {
  if (prompts.length === 0) return undefined;
  const written = prompts.map((prompt) => {
    const name = names.take(`${pascalCase(prompt.name)}PromptArguments`);
    const type = argumentsType(prompt);
    const sign = type.members.every(({ isOptional }) => isOptional) ? '?' : '';
    const doc = docComment(docLines(prompt.description ?? prompt.title), '  ');
    return {
      name: prompt.name,
      declaration: declared({ name, type, doc: docLines(`Arguments of the prompt ${quote(prompt.name)}.`) }),
      method: `${doc}  ${keyOf(prompt.name)}(args${sign}: ${name}, options?: CallOptions): Promise<PromptResult>;\n`,
    };
  });
  // As with tools: nothing that has a method "then" can be awaited.
  const reachable = written.filter(({ name }) => name !== 'then');
  return [
    ...written.map(({ declaration }) => declaration),
    [
      docComment(['The prompts, by their names. `createPrompts` makes it.']),
      'export interface Prompts {\n',
      ...reachable.map(({ method }) => method),
      '}\n',
    ].join(''),
    ['const PROMPTS: readonly string[] = [\n', ...reachable.map(({ name }) => `  ${quote(name)},\n`), '];\n'].join(''),
    CREATE_PROMPTS,
  ].join('\n');
}
