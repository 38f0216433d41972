/**
 * Edits one table of a TOML file, such as `[mcp_servers.shop]`, and changes no other byte.
 *
 * The text is edited statement by statement. Then the result is parsed and compared with what it has to be, so that a form of
 * TOML that this editor does not know leads to a refusal and never to a broken file.
 */
import { isDeepStrictEqual } from 'node:util';

import { isObject } from '@mcp-daemon/core';
import { parse, TomlError } from 'smol-toml';

import { Failure } from '../errors.js';
import type { HostDocument } from './document.js';
import { UNCHANGED } from './document.js';
import type { HostEntry } from './host.js';
import type { EntryChange } from './merge.js';
import { changed } from './merge.js';
import type { Statement } from './toml-statements.js';
import { statementsOf } from './toml-statements.js';

const BARE = /^[A-Za-z0-9_-]+$/;
const keyText = (key: string): string => (BARE.test(key) ? key : JSON.stringify(key));

/** A value on one line. Strings are written as in JSON, whose escapes TOML has too. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${keyText(key)} = ${valueText(member)}`);
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
}

const pairText = ([key, value]: readonly [string, unknown]): string => `${keyText(key)} = ${valueText(value)}`;

const beginsWith = (path: readonly string[], start: readonly string[]): boolean =>
  start.every((key, index) => path[index] === key);

/** The text from the beginning of the first line of a statement to the end of its last one. */
function linesOf(text: string, { from, to }: Pick<Statement, 'from' | 'to'>): [from: number, to: number] {
  const end = text.indexOf('\n', to);
  return [text.lastIndexOf('\n', from - 1) + 1, end === -1 ? text.length : end + 1];
}

/** Removes ranges of a text, given in their order. */
function without(text: string, ranges: readonly (readonly [from: number, to: number])[]): string {
  return ranges.reduceRight((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), text);
}

/** The statements of a table and of its sub-tables, one list for each header. */
function sectionsOf(statements: readonly Statement[], path: readonly string[]): Statement[][] {
  const sections: Statement[][] = [];
  let isInside = false;
  for (const statement of statements) {
    if (statement.kind !== 'pair') {
      isInside = beginsWith(statement.path, path);
      if (isInside) sections.push([]);
    }
    if (isInside) sections.at(-1)?.push(statement);
  }
  return sections;
}

/** The lines from the header of a section to its last value. What follows are comments on the next section. */
function rangeOf(text: string, section: readonly Statement[]): [from: number, to: number] {
  const [header] = section as [Statement];
  return [linesOf(text, header)[0], linesOf(text, section.at(-1) ?? header)[1]];
}

function removeTable(text: string, path: readonly string[]): string {
  const ranges = sectionsOf(statementsOf(text), path).map((section) => rangeOf(text, section));
  const cut = without(text, ranges);
  const at = ranges[0]?.[0] ?? 0;
  // The empty line that separated the table from the rest.
  if (at === 0) return cut.replace(/^\r?\n/, '');
  const blank = /(^|\n)(\r?\n)$/.exec(cut.slice(0, at))?.[2] ?? '';
  const isNeeded = cut.slice(at).trim() !== '' && !/^\r?\n/.test(cut.slice(at));
  return blank === '' || isNeeded ? cut : cut.slice(0, at - blank.length) + cut.slice(at);
}

function appendTable(text: string, path: readonly string[], entry: HostEntry): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const table = [`[${path.map(keyText).join('.')}]`, ...Object.entries(entry).map(pairText), ''].join(eol);
  if (text.trim() === '') return text + table;
  return text + (text.endsWith('\n') ? '' : eol) + eol + table;
}

/** Adds a pair behind the last one of a table. */
function addPair(text: string, path: readonly string[], pair: string): string {
  const main = sectionsOf(statementsOf(text), path).find(([header]) => header?.path.length === path.length);
  const last = main?.at(-1);
  if (last === undefined) return text;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const [before, after] = [text.slice(0, linesOf(text, last)[1]), text.slice(linesOf(text, last)[1])];
  return `${before}${before.endsWith('\n') ? '' : eol}${pair}${eol}${after}`;
}

/** Changes the members of a table that has a header of its own. */
function changeTable(text: string, path: readonly string[], old: HostEntry, { set, remove }: EntryChange): string {
  const different = Object.keys(set).filter((key) => !isDeepStrictEqual(plain(old[key]), set[key]));
  return [...remove, ...different].reduce((now, key) => {
    const sections = sectionsOf(statementsOf(now), path);
    const own = sections.filter(([header]) => header?.path.length === path.length).flatMap(([, ...pairs]) => pairs);
    const pairs = own.filter((pair) => pair.path[path.length] === key);
    const tables = sections.filter(([header]) => header?.path[path.length] === key);
    const [before, value] = [old[key], set[key]];
    // A table of its own, such as [mcp_servers.NAME.env], stays one, with its comments.
    if (isObject(before) && isObject(value) && tables.some(([header]) => header?.path.length === path.length + 1)) {
      const gone = Object.keys(before).filter((member) => !Object.hasOwn(value, member));
      return changeTable(now, [...path, key], before, { set: value, remove: gone });
    }
    const added = Object.hasOwn(set, key) ? pairText([key, set[key]]) : undefined;
    const [first] = pairs;
    // One pair keeps its place, and the comment behind it.
    if (added !== undefined && pairs.length === 1 && tables.length === 0 && first?.path.length === path.length + 1)
      return now.slice(0, first.from) + added + now.slice(first.to);
    const ranges = [...pairs.map((pair) => linesOf(now, pair)), ...tables.map((section) => rangeOf(now, section))];
    const rest = without(
      now,
      ranges.sort(([a], [b]) => a - b),
    );
    return added === undefined ? rest : addPair(rest, path, added);
  }, text);
}

/** A value whose objects have the ordinary prototype. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value) || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

/** A parsed file without an empty list of servers, which a removal may leave behind. */
function comparable(root: Readonly<Record<string, unknown>>, key: string): unknown {
  const servers = root[key];
  const isEmpty = isObject(servers) && Object.keys(servers).length === 0;
  return plain(Object.fromEntries(Object.entries(root).filter(([name]) => name !== key || !isEmpty)));
}

/**
 * Parses a TOML file.
 *
 * @param text the text of the file; an empty text is a file without servers
 * @param key the table that holds the servers
 * @param shown the file, for messages
 * @throws Failure if it is not valid TOML; so does `with` if the entry is in a form that cannot be edited
 */
export function readToml(text: string, key: string, shown: string): HostDocument {
  let root: Record<string, unknown>;
  try {
    root = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.split('\n');
    throw new Failure(`${shown}:${error.line}:${error.column}: ${what}. ${UNCHANGED}: fix it and try again`);
  }
  const servers = root[key] ?? {};
  if (!isObject(servers)) throw new Failure(`${shown}: "${key}" must be a table. ${UNCHANGED}`);
  const entry = (name: string): unknown => (Object.hasOwn(servers, name) ? plain(servers[name]) : undefined);

  /** Whether a text is the file with this entry and no other difference. */
  function isExpected(edited: string, name: string, value: HostEntry | undefined): boolean {
    const others = Object.entries(servers as object).filter(([other]) => other !== name);
    const wanted = { ...root, [key]: Object.fromEntries(value === undefined ? others : [...others, [name, value]]) };
    try {
      return isDeepStrictEqual(comparable(parse(edited), key), comparable(wanted, key));
    } catch (error) {
      if (error instanceof TomlError) return false;
      throw error;
    }
  }

  return {
    entry,
    entries: () => Object.values(servers as object).map(plain),
    with(name, change) {
      const path = [key, name];
      const old = entry(name);
      const value = change === undefined ? undefined : changed(old, change);
      const edited =
        change === undefined || value === undefined
          ? removeTable(text, path)
          : isObject(old)
            ? changeTable(text, path, old, change)
            : appendTable(text, path, value);
      if (isExpected(edited, name, value)) return edited;
      const table = path.map(keyText).join('.');
      throw new Failure(`${shown}: "${table}" has no table header [${table}] of its own. ${UNCHANGED}: edit it by hand`);
    },
  };
}
