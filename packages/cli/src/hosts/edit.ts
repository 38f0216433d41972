/**
 * Edits one entry in the config file of a host. Comments, indentation and the order of keys do not change.
 */
import { isObject } from '@mcp-daemon/core';
import type { Node, ParseError } from 'jsonc-parser';
import { parseTree, printParseErrorCode } from 'jsonc-parser';

import { Failure } from '../errors.js';
import type { HostDocument, ReadDocument } from './document.js';
import { UNCHANGED } from './document.js';
import type { Host } from './host.js';
import { removeJson, setJson } from './json-edit.js';
import { changed } from './merge.js';

const BOM = '\uFEFF';

function lineOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** The value of a node. jsonc-parser's own functions lose a member with the name `__proto__`. */
function valueOf(node: Node): unknown {
  const children = node.children ?? [];
  if (node.type === 'array') return children.map(valueOf);
  if (node.type !== 'object') return node.value;
  return Object.fromEntries(
    children.map(({ children: [key, value] = [] }) => [String(key?.value), value === undefined ? undefined : valueOf(value)]),
  );
}

const readJson: ReadDocument = (source, key, shown) => {
  const errors: ParseError[] = [];
  const text = source.trim() === '' ? '{}\n' : source;
  const tree = parseTree(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [error] = errors;
  if (error !== undefined) {
    const where = `${shown}:${lineOf(text, error.offset)}`;
    // Its codes are words, such as CommaExpected.
    const why = printParseErrorCode(error.error).replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
    throw new Failure(`${where}: not valid JSON (${why.toLowerCase()}). ${UNCHANGED}: fix it and try again`);
  }
  const root = tree === undefined ? undefined : valueOf(tree);
  if (!isObject(root)) throw new Failure(`${shown}: must be a JSON object. ${UNCHANGED}`);
  const servers = root[key];
  if (servers !== undefined && servers !== null && !isObject(servers))
    throw new Failure(`${shown}: "${key}" must be an object. ${UNCHANGED}`);
  const entry = (name: string): unknown => (isObject(servers) && Object.hasOwn(servers, name) ? servers[name] : undefined);
  return {
    entry,
    entries: () => Object.values(servers ?? {}),
    with(name, change) {
      if (change === undefined) return removeJson(text, [key, name]);
      const old = entry(name);
      const value = changed(old, change);
      if (servers === null) return setJson(text, [key], { [name]: value });
      if (!isObject(old)) return setJson(text, [key, name], value);
      const edited = setJson(text, [key, name], change.set);
      return change.remove.reduce((now, member) => removeJson(now, [key, name, member]), edited);
    },
  };
};

/**
 * Parses the config file of a host.
 *
 * @param text the text of the file; an empty text is a file without servers
 * @param shown the file, for messages
 * @throws Failure if the text is not of the host's format (JSON may have comments and trailing commas), or not of the expected
 *   shape
 */
export async function readHostFile(
  text: string,
  { key, format }: Pick<Host, 'key' | 'format'>,
  shown: string,
): Promise<HostDocument> {
  const mark = text.startsWith(BOM) ? BOM : '';
  const read: ReadDocument = format === 'json' ? readJson : (await import('./toml-edit.js')).readToml;
  try {
    const document = read(text.slice(mark.length), key, shown);
    return { ...document, with: (name, change) => mark + document.with(name, change) };
  } catch (error) {
    // Parsers go one level deeper in the stack for each bracket.
    if (error instanceof RangeError) throw new Failure(`${shown}: nested too deeply. ${UNCHANGED}`);
    throw error;
  }
}
