/**
 * Changes one entry of a host's file and nothing else: comments, indentation and the order of keys stay as they are.
 */
import type { ParseError } from 'jsonc-parser';
import { parse, printParseErrorCode } from 'jsonc-parser';

import { Failure } from '../errors.js';
import type { HostEntry } from './entry.js';
import { removeJson, setJson } from './json-edit.js';

const BOM = '\uFEFF';

/** A host's file, read. */
export interface HostDocument {
  /** The entry of a server, if there is one. */
  entry(name: string): unknown;
  /** The file's text with the entry set, or without it where it is undefined. */
  with(name: string, entry: HostEntry | undefined): string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function lineOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/**
 * Reads a host's file.
 *
 * @param text its text; an empty one is a file without servers
 * @param key the member that holds the servers
 * @param shown the file, for messages
 * @throws Failure where it is not JSON (comments and trailing commas are taken), or not of the expected shape
 */
export function readHostFile(text: string, key: string, shown: string): HostDocument {
  const mark = text.startsWith(BOM) ? BOM : '';
  const body = text.slice(mark.length);
  const source = body.trim() === '' ? '{}\n' : body;
  const errors: ParseError[] = [];
  const root = parse(source, errors, { allowTrailingComma: true, disallowComments: false }) as unknown;
  const [error] = errors;
  const untouched = 'it is left as it is';
  if (error !== undefined) {
    const where = `${shown}:${lineOf(source, error.offset)}`;
    throw new Failure(`${where} is not JSON (${printParseErrorCode(error.error)}); ${untouched}. Repair it and try again`);
  }
  if (!isObject(root)) throw new Failure(`${shown} holds no JSON object; ${untouched}`);
  const servers = root[key];
  if (servers !== undefined && !isObject(servers)) throw new Failure(`"${key}" in ${shown} is no object; ${untouched}`);
  return {
    entry: (name) => (servers !== undefined && Object.hasOwn(servers, name) ? servers[name] : undefined),
    with(name, entry) {
      const edited = entry === undefined ? removeJson(source, [key, name]) : setJson(source, [key, name], entry);
      return mark + edited;
    },
  };
}
