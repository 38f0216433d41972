/**
 * The code of a new function, and the text of a file with it.
 */
import { createNames, pascalCase } from '../typescript/names.js';
import { docComment, docLines, keyOf, print, quote } from '../typescript/print.js';
import { declareSchema, OBJECTS } from '../typescript/schema-type.js';
import type { NewArgument } from './add-arguments.js';
import { inputSchemaOf } from './add-arguments.js';
import type { Code, Format } from './add-code.js';
import { isTypeScript } from './add-code.js';

/** What a function is made of. */
export interface NewFunction {
  /** The name of the function in the code. */
  readonly name: string;
  /** The name of the tool. */
  readonly tool: string;
  readonly description: string | undefined;
  readonly arguments: readonly NewArgument[];
  /** The class that it is a method of; absent: a function of its own. */
  readonly className?: string | undefined;
}

/** Words that cannot be the name of a function or a parameter of a module. */
const RESERVED: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for
   function if implements import in instanceof interface let new null package private protected public return static super switch this
   throw true try typeof var void while with yield`.split(/\s+/),
);

/** Whether a text can be the name of a function. */
export const isIdentifier = (name: string): boolean => /^[A-Za-z_$][\w$]*$/.test(name) && !RESERVED.has(name);

/** A name in camelCase, as functions and parameters have it: `get-weather` is `getWeather`, and `delete` is `deleteTool`. */
export function camelCase(name: string, otherwise: string): string {
  const words = pascalCase(name.replace(/[^A-Za-z0-9_$]/g, ' '));
  const camel = words.charAt(0).toLowerCase() + words.slice(1);
  if (camel === '') return otherwise.charAt(0).toLowerCase() + otherwise.slice(1);
  if (/^\d/.test(camel)) return `_${camel}`;
  return RESERVED.has(camel) ? camel + otherwise : camel;
}

/** The parameter of a function: its arguments by their names. */
function parameter(all: readonly NewArgument[]): string {
  const taken = new Set(all.map(({ name }) => name).filter(isIdentifier));
  const members = all.map(({ name }) => {
    if (isIdentifier(name)) return name;
    let local = camelCase(name, 'Value');
    while (taken.has(local)) local += '_';
    taken.add(local);
    return `${keyOf(name)}: ${local}`;
  });
  return `{ ${members.join(', ')} }`;
}

/** The type of the parameter. Defaults are filled in before the call, so that these are always there. */
function parameterType(all: readonly NewArgument[]): string {
  const given = all.map(({ name, isRequired, schema: { description: _, default: standard, ...schema } }) => ({
    ...{ name, schema },
    isRequired: isRequired || standard !== undefined,
  }));
  const [declared] = declareSchema(inputSchemaOf(given), { name: 'T', names: createNames([]), allowed: OBJECTS });
  const text = declared === undefined ? 'object' : print(declared.type);
  return text.replace(/;\n\s*\}/g, ' }').replace(/\n\s*/g, ' ');
}

/** The lines of the function, without indentation. */
function linesOf(made: NewFunction, format: Format, typed: boolean): string[] {
  const { name, tool, description, arguments: all, className } = made;
  const parameters = all.length === 0 ? '' : `${parameter(all)}${typed ? `: ${parameterType(all)}` : ''}`;
  const signature = `${name}(${parameters})${typed ? ': Promise<string>' : ''} {`;
  const body = `  throw new Error(${quote(`${tool} has no code yet`)});`;
  const [first, end] =
    className !== undefined
      ? [`async ${signature}`, '}']
      : format === 'module'
        ? [`export async function ${signature}`, '}']
        : [`module.exports.${name} = async function ${signature}`, '};'];
  return [...docComment(docLines(description)).split('\n').filter(Boolean), first, body, end];
}

/** The text with the function, and the line that the function begins on. */
export interface Added {
  readonly text: string;
  readonly line: number;
}

/** How many lines a function has, without its doc comment. */
const LINES = 3;

/** A text with a function in it, of which `after` follows the last line. */
function inserted(text: string, at: number, before: string, lines: readonly string[], after: string): Added {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const head = text.slice(0, at) + before.replaceAll('\n', eol);
  return {
    text: head + lines.join(eol) + after.replaceAll('\n', eol) + text.slice(at),
    line: head.split('\n').length + lines.length - LINES,
  };
}

/** The indentation of the line of an offset. */
const indentAt = (text: string, offset: number): string =>
  /[^\S\n]*/.exec(text.slice(text.lastIndexOf('\n', offset - 1) + 1))?.[0] ?? '';

/**
 * Adds a function to the end of a file, or of its class. Nothing else changes.
 *
 * @param text the text of the file; undefined for a file that does not exist
 * @param code what is in it
 */
export function withFunction(
  text: string | undefined,
  code: Code | undefined,
  file: string,
  format: Format,
  made: NewFunction,
): Added {
  const { className } = made;
  const lines = linesOf(made, format, isTypeScript(file));
  const found = className === undefined ? undefined : code?.classes.get(className);
  if (text !== undefined && found !== undefined) {
    const outer = indentAt(text, found.end);
    const step = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
    const at = text.slice(0, found.end).trimEnd().length;
    const isOwnLine = text.slice(at, found.end).includes('\n');
    const indented = lines.map((line) => outer + (line.startsWith('  ') ? step + step + line.slice(2) : step + line));
    return inserted(text, at, found.members.size > 0 ? '\n\n' : '\n', indented, isOwnLine ? '' : `\n${outer}`);
  }
  const before = text === undefined || text.trim() === '' || /\n\r?\n$/.test(text) ? '' : text.endsWith('\n') ? '\n' : '\n\n';
  const end = text?.length ?? 0;
  if (className === undefined) return inserted(text ?? '', end, before, lines, '\n');
  const [head, tail] =
    format === 'module' ? [`export class ${className} {`, '}'] : [`module.exports.${className} = class ${className} {`, '};'];
  return inserted(text ?? '', end, before, [head, ...lines.map((line) => `  ${line}`)], `\n${tail}\n`);
}
