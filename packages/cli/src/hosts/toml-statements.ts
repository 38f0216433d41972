/**
 * Finds where the statements of a TOML text are: table headers and key-value pairs. The text must be valid.
 */
import { isObject } from '@mcp-daemon/core';
import { parse } from 'smol-toml';

/** A table header or a key-value pair. */
export interface Statement {
  readonly kind: 'table' | 'pair';
  /** The keys from the root. */
  readonly path: readonly string[];
  /** The offset of the first character. */
  readonly from: number;
  /** The offset behind the last character; a comment behind the statement does not belong to it. */
  readonly to: number;
}

/** The offset behind a string that begins at `at`. */
function endOfString(text: string, at: number): number {
  const quote = text[at] ?? '';
  const isLong = text.startsWith(quote.repeat(3), at);
  const end = isLong ? quote.repeat(3) : quote;
  let next = at + end.length;
  while (next < text.length && !text.startsWith(end, next)) next += text[next] === '\\' && quote === '"' ? 2 : 1;
  next += end.length;
  // A long string may end with one or two more quotes, which belong to it.
  while (isLong && text[next] === quote) next++;
  return next;
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end;
}

/** The keys of a header, or of a pair whose value is left out. */
function keysOf(text: string): string[] {
  const keys: string[] = [];
  let node: unknown = parse(text);
  while (isObject(node)) {
    const [key] = Object.keys(node);
    if (key === undefined) break;
    keys.push(key);
    node = node[key];
  }
  return keys;
}

/** The end of the statement that begins at `from`, where its line ends, and the place of its equals sign. */
function walk(text: string, from: number): { to: number; next: number; equals: number } {
  let [at, to, depth, equals] = [from, from, 0, -1];
  while (at < text.length) {
    const character = text[at] ?? '';
    if (character === '\n' && depth === 0) break;
    if (character === '#') {
      at = endOfLine(text, at);
      continue;
    }
    if (character === '=' && equals === -1) equals = at;
    if (character === '"' || character === "'") {
      at = to = endOfString(text, at);
      continue;
    }
    if (character === '[' || character === '{') depth++;
    if (character === ']' || character === '}') depth--;
    at++;
    if (character.trim() !== '') to = at;
  }
  return { to, next: at, equals };
}

/** All statements of a text, in their order. */
export function statementsOf(text: string): Statement[] {
  const found: Statement[] = [];
  let table: readonly string[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text[at] ?? '';
    if (character.trim() === '') {
      at++;
      continue;
    }
    if (character === '#') {
      at = endOfLine(text, at);
      continue;
    }
    const { to, next, equals } = walk(text, at);
    if (character === '[') {
      table = keysOf(text.slice(at, to));
      found.push({ kind: 'table', path: table, from: at, to });
    } else {
      found.push({ kind: 'pair', path: [...table, ...keysOf(`${text.slice(at, equals)}= 0`)], from: at, to });
    }
    at = next;
  }
  return found;
}
