/**
 * Hides secrets in the text of a host's config file, for showing it: the values of environment variables and headers.
 */
import { isObject } from '@mcp-daemon/core';

/** Members of entries whose values are often secrets. */
const SECRET_KEYS = ['env', 'environment', 'headers', 'http_headers'];
/** A shorter value is hidden only where it is a whole string: it may be a part of any word. */
const LONG = 8;

/** The values that are hidden, of all entries in a file. */
const secretsOf = (entries: readonly unknown[]): string[] =>
  entries
    .flatMap((entry) => (isObject(entry) ? SECRET_KEYS.map((key) => entry[key]) : []))
    .flatMap((members) => (isObject(members) ? Object.values(members) : []))
    .filter((value): value is string => typeof value === 'string' && value !== '');

/** Strings of JSON, which TOML has, too; and the further ones of TOML. */
const JSON_STRING = /"(?:[^"\\\r\n]|\\.)*"/g;
const TOML_STRING = /"""(?:[^\\]|\\[^])*?"""|'''[^]*?'''|"(?:[^"\\\r\n]|\\.)*"|'[^'\r\n]*'/g;

/** What a string in a file may stand for: its text, and that without escapes. */
function meanings(literal: string): string[] {
  const inner = /^("""|'''|["'])\r?\n?([^]*)\1$/.exec(literal)?.[2] ?? '';
  try {
    return [inner, String(JSON.parse(`"${inner}"`))];
  } catch {
    return [inner];
  }
}

const isKey = (text: string, end: number): boolean => /^[ \t]*[:=]/.test(text.slice(end, end + 10));

/**
 * Makes a function that hides secrets. Each gets a number, so that a changed value can be told from the same one.
 *
 * @param entries the entries of all servers in the texts
 * @param format the format of the texts
 */
export function hider(entries: readonly unknown[], format: 'json' | 'toml'): (text: string) => string {
  const numbers = new Map([...new Set(secretsOf(entries))].map((secret, index) => [secret, index + 1]));
  const long = [...numbers].filter(([{ length }]) => length >= LONG).sort(([a], [b]) => b.length - a.length);
  const string = format === 'json' ? JSON_STRING : TOML_STRING;
  return (text) => {
    const hidden = text.replace(string, (literal: string, at: number) => {
      const number = isKey(text, at + literal.length)
        ? undefined
        : meanings(literal)
            .map((one) => numbers.get(one))
            .find(Boolean);
      return number === undefined ? literal : `"<hidden ${number}>"`;
    });
    // In comments, and as a part of another string.
    return long.reduce((now, [secret, number]) => now.replaceAll(secret, `<hidden ${number}>`), hidden);
  };
}
