/**
 * Writes types as TypeScript.
 */
import type { Member, Type } from './type.js';

/** The columns after which a union or an intersection is written on lines of its own. */
const WIDTH = 100;
const STEP = '  ';

/**
 * Control characters, and those that change the direction of writing: in a comment they could hide code from a reader. And halves of
 * characters, which a file cannot hold: it would differ from this text for ever.
 */
const INVISIBLE = /[^\P{Cc}\t]|[\p{Cs}\u202A-\u202E\u2066-\u2069]/gu;

/** A text as a string literal. */
export function quote(value: string): string {
  const json = JSON.stringify(value);
  // Single quotes, as most code has them; and nothing that ends a line in older tools.
  const inner = json.slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'");
  return `'${inner.replace(/[\u2028\u2029\u202A-\u202E\u2066-\u2069]/g, (character) => `\\u${character.charCodeAt(0).toString(16)}`)}'`;
}

/** A name as the key of a member: quoted where it is no identifier. */
export const keyOf = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : quote(name));

/** The lines of a text that is written by others, for a doc comment. In there, TypeScript would obey `@ts-ignore` and the like. */
export function docLines(written: string | undefined): string[] {
  const lines = (written ?? '')
    .split(/\r\n|[\n\r\u0085\u2028\u2029]/)
    .map((line) => line.replace(INVISIBLE, '').replaceAll('*/', '*\\/').replaceAll('@ts-', '\\@ts-').trimEnd());
  while (lines.at(-1) === '') lines.pop();
  while (lines[0] === '') lines.shift();
  return lines;
}

/** A doc comment with its indentation and a line break; nothing where there are no lines. */
export function docComment(lines: readonly string[], indent = ''): string {
  const [first] = lines;
  if (first === undefined) return '';
  if (lines.length === 1) return `${indent}/** ${first} */\n`;
  const body = lines.map((line) => `${indent} *${line === '' ? '' : ` ${line}`}\n`).join('');
  return `${indent}/**\n${body}${indent} */\n`;
}

function member({ name, type, isOptional, doc }: Member, indent: string): string {
  return `${docComment(doc, indent)}${indent}${keyOf(name)}${isOptional ? '?' : ''}: ${print(type, indent)};\n`;
}

/** A part of a larger type, in brackets where it would be read as something else. */
function part(type: Type, indent: string): string {
  const isCompound = type.kind === 'union' || type.kind === 'intersection';
  return isCompound ? `(${print(type, indent)})` : print(type, indent);
}

/** Writes a type. @param indent the indentation of the line that it begins on */
export function print(type: Type, indent = ''): string {
  switch (type.kind) {
    case 'text':
      // A string literal of JSON has double quotes.
      return type.text.startsWith('"') ? quote(JSON.parse(type.text) as string) : type.text;
    case 'name':
      return type.name;
    case 'array':
      return `${part(type.items, indent)}[]`;
    case 'tuple': {
      const elements = type.elements.map((element) =>
        element.isOptional ? `${part(element.type, indent)}?` : print(element.type, indent),
      );
      if (type.rest !== undefined) elements.push(`...${part(type.rest, indent)}[]`);
      return `[${elements.join(', ')}]`;
    }
    case 'object': {
      const inner = indent + STEP;
      const index = type.index === undefined ? '' : `[name: string]: ${print(type.index, inner)}`;
      if (type.members.length === 0) return `{ ${index} }`;
      const members = type.members.map((each) => member(each, inner)).join('');
      return `{\n${members}${index === '' ? '' : `${inner}${index};\n`}${indent}}`;
    }
    case 'union':
    case 'intersection': {
      const sign = type.kind === 'union' ? '|' : '&';
      // Of `A & B | C` the brackets are left out by others; here they always say what is meant.
      const written = type.members.map((each) => (each.kind === 'name' ? each.name : part(each, indent + STEP)));
      const line = written.join(` ${sign} `);
      if (!line.includes('\n') && line.length <= WIDTH) return line;
      return written.map((each) => `\n${indent}${STEP}${sign} ${each}`).join('');
    }
  }
}
