/**
 * `x-mcp-header`: a tool's parameter that clients repeat in an HTTP header. One bad name, and they leave out the whole tool.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/server/tools#x-mcp-header
 */
import type { MistakeList } from './mistakes.js';
import { describe, quote } from './mistakes.js';

/** RFC 9110's `token`. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_TYPES = new Set<unknown>(['integer', 'string', 'boolean']);

/** The header names of one input schema. */
export class HeaderNames {
  readonly #used = new Map<string, string>();

  /**
   * Checks the `x-mcp-header` of the schema that the list's path is at.
   *
   * @param reachable whether it is a property that only `properties` lead to
   */
  check(list: MistakeList, schema: Record<string, unknown>, reachable: boolean): void {
    const name = schema['x-mcp-header'];
    const add = (message: string): void => list.add(message, 'x-mcp-header');
    if (typeof name !== 'string' || !TOKEN.test(name)) {
      add(`must be an HTTP header name of letters, digits and !#$%&'*+-.^_\`|~, got ${describe(name)}`);
    } else {
      const first = this.#used.get(name.toLowerCase());
      if (first === undefined) this.#used.set(name.toLowerCase(), list.pathTo());
      else add(`${quote(name)} is already the header of ${first}: headers are told apart without regard to case; choose another`);
    }
    if (!reachable)
      add('stands only on properties of the arguments and of objects in them: not below items, $defs, anyOf and the like');
    if (!HEADER_TYPES.has(schema['type']))
      list.add(
        `must be "string", "integer" or "boolean" where there is an x-mcp-header; got ${describe(schema['type'])}`,
        'type',
      );
  }
}
