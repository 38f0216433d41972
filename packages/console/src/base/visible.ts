/**
 * Makes characters visible that would otherwise change how the rest of a text looks. What tools and users store may contain control
 * characters, and marks that reverse the direction of writing: with them a name can pretend to be another.
 */

/** Control characters, zero-width characters, marks of direction, tags, and separators of lines and paragraphs. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The Unicode pictures of the ASCII control characters begin here. */
const PICTURES = 0x2400;
const DELETE = 0x7f;

const hex = (code: number): string => code.toString(16).toUpperCase().padStart(4, '0');

function picture(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCharCode(PICTURES + code);
  return code === DELETE ? '\u2421' : `\u2039U+${hex(code)}\u203a`;
}

/** A text of several lines: tabs and line feeds stay, and a carriage return before a line feed is dropped. */
export const visible = (text: string): string =>
  text
    .replaceAll('\r\n', '\n')
    .replace(HIDDEN, (character) => (character === '\n' || character === '\t' ? character : picture(character)));

/** A text that has to fit into one line, such as a name. */
export const visibleLine = (text: string): string => text.replace(HIDDEN, picture);

/** JSON text in which every hidden character is written as `\uXXXX`, for commands that people copy and read. */
export const escapedJson = (value: unknown): string =>
  JSON.stringify(value).replace(HIDDEN, (character) =>
    [...Array(character.length).keys()].map((at) => `\\u${hex(character.charCodeAt(at)).toLowerCase()}`).join(''),
  );
