/**
 * Edits one entry in the config file of a host. Comments, indentation and the order of keys do not change.
 */
import { isObject } from '@mcp-daemon/core';
import type { ParseError } from 'jsonc-parser';
import { parse, printParseErrorCode } from 'jsonc-parser';

import { Failure } from '../errors.js';
import type { HostEntry } from './entry.js';
import { removeJson, setJson } from './json-edit.js';

const BOM = '\uFEFF';

/** The parsed config file of a host. */
export interface HostDocument {
  /** The entry of a server; undefined where there is none. */
  entry(name: string): unknown;
  /** The text of the file with the entry set, or removed where it is undefined. */
  with(name: string, entry: HostEntry | undefined): string;
}

function lineOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/**
 * Parses the config file of a host.
 *
 * @param text the text of the file; an empty text is a file without servers
 * @param key the member that holds the servers
 * @param shown the file, for messages
 * @throws Failure where it is not JSON (comments and trailing commas are allowed), or not of the expected shape
 */
export function readHostFile(text: string, key: string, shown: string): HostDocument {
  const mark = text.startsWith(BOM) ? BOM : '';
  const body = text.slice(mark.length);
  const source = body.trim() === '' ? '{}\n' : body;
  const errors: ParseError[] = [];
  const root = parse(source, errors, { allowTrailingComma: true, disallowComments: false }) as unknown;
  const [error] = errors;
  const unchanged = 'The file was not changed';
  if (error !== undefined) {
    const where = `${shown}:${lineOf(source, error.offset)}`;
    throw new Failure(`${where}: not valid JSON (${printParseErrorCode(error.error)}). ${unchanged}: fix it and try again`);
  }
  if (!isObject(root)) throw new Failure(`${shown}: must be a JSON object. ${unchanged}`);
  const servers = root[key];
  if (servers !== undefined && !isObject(servers)) throw new Failure(`${shown}: "${key}" must be an object. ${unchanged}`);
  return {
    entry: (name) => (servers !== undefined && Object.hasOwn(servers, name) ? servers[name] : undefined),
    with(name, entry) {
      const edited = entry === undefined ? removeJson(source, [key, name]) : setJson(source, [key, name], entry);
      return mark + edited;
    },
  };
}
