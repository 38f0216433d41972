/**
 * Checks `x-mcp-header`, which makes clients repeat an argument in an HTTP header. Clients leave out a tool with a bad name.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/server/tools#x-mcp-header
 */
import { isObject } from '../base/json.js';
import { describe, MistakeList, quote } from './mistakes.js';

/** RFC 9110's `token`. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_TYPES = new Set<unknown>(['integer', 'string', 'boolean']);

/** Checks the header names of one input schema. */
export class HeaderNames {
  readonly #used = new Map<string, string>();

  /**
   * Checks the `x-mcp-header` of the schema that the list's path is at.
   *
   * @param reachable whether the path to it consists of `properties` alone
   */
  check(list: MistakeList, schema: Record<string, unknown>, reachable: boolean): void {
    const name = schema['x-mcp-header'];
    const add = (message: string): void => list.add(message, 'x-mcp-header');
    if (typeof name !== 'string' || !TOKEN.test(name)) {
      add(`must be an HTTP header name of letters, digits and !#$%&'*+-.^_\`|~, got ${describe(name)}`);
    } else {
      const first = this.#used.get(name.toLowerCase());
      if (first === undefined) this.#used.set(name.toLowerCase(), list.pathTo());
      else add(`${quote(name)} is already the header of ${first}: choose another (upper and lower case are the same)`);
    }
    if (!reachable)
      add('is allowed only on properties of the arguments and of nested objects, not in items, $defs, anyOf and similar');
    if (!HEADER_TYPES.has(schema['type']))
      list.add(`must be "string", "integer" or "boolean" with x-mcp-header; got ${describe(schema['type'])}`, 'type');
  }
}

/** Keywords whose values are data, not schemas. */
const DATA = new Set(['const', 'default', 'enum', 'examples']);

/** Checks a schema and those within it. @param depth 0 for the root. @param reachable see {@link HeaderNames.check} */
function walk(names: HeaderNames, list: MistakeList, schema: unknown, depth: number, reachable: boolean): void {
  if (Array.isArray(schema)) {
    for (const each of schema as unknown[]) walk(names, list, each, depth + 1, false);
    return;
  }
  if (!isObject(schema)) return;
  if (Object.hasOwn(schema, 'x-mcp-header')) names.check(list, schema, reachable && depth > 0);
  for (const [key, value] of Object.entries(schema)) {
    if (DATA.has(key)) continue;
    if (key === 'properties' && isObject(value))
      for (const property of Object.values(value)) walk(names, list, property, depth + 1, reachable);
    else walk(names, list, value, depth + 1, false);
  }
}

/**
 * What is wrong with the `x-mcp-header` keywords of an input schema that another server wrote.
 *
 * @returns the first mistake; undefined: there is none
 */
export function headerMistake(schema: unknown): string | undefined {
  const list = new MistakeList('$');
  walk(new HeaderNames(), list, schema, 0, true);
  const [first] = list.found;
  return first === undefined ? undefined : `x-mcp-header ${first.message}`;
}
