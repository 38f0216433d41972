/**
 * HTTP headers that repeat parts of a request, so that proxies can route it without reading the body. The server must refuse
 * headers that do not match the body: otherwise a proxy and the server would act on different requests.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { DaemonError } from './errors.js';
import { META } from './messages.js';

/** Looks up a header by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

/** A tool's parameter that has a header. */
interface Mirror {
  /** Lower case. */
  readonly header: string;
  readonly path: readonly string[];
}

/** The methods whose target is repeated in a header, and the parameter with the target. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' },
  ...{ 'tasks/get': 'taskId', 'tasks/update': 'taskId', 'tasks/cancel': 'taskId' },
};

const SENTINEL = /^=\?base64\?(.*)\?=$/;
const NUMBER = /^-?\d+(\.\d+)?$/;
/** The characters that a header value may have; see RFC 9110, section 5.5. */
const PLAIN = /^[\t\x20-\x7e]*$/;

const quoted = (value: string): string => JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
const mismatch = (what: string): DaemonError => new DaemonError('header_mismatch', `Header mismatch: ${what}`);

/** A header value in plain text. @throws DaemonError `header_mismatch` */
function decoded(header: string, value: string): string {
  if (!PLAIN.test(value)) throw mismatch(`${header} has characters that are not allowed in a header.`);
  const encoded = SENTINEL.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  // The decoder accepts malformed text. Encode again and compare, to detect it.
  if (bytes.toString('base64') !== encoded) throw mismatch(`${header} is not valid Base64.`);
  return bytes.toString('utf8');
}

/**
 * Checks the headers that every request must have. Members that the body lacks are checked elsewhere.
 *
 * @throws DaemonError `header_mismatch`
 */
export function checkHeaders(lookup: HeaderLookup, method: string, params: JsonObject, meta: JsonObject): void {
  const same = (header: string, found: string | undefined, expected: unknown): void => {
    if (typeof expected !== 'string') return;
    if (found === undefined) throw mismatch(`the header ${header} is missing.`);
    if (found !== expected) throw mismatch(`${header} is ${quoted(found)}, but the body says ${quoted(expected)}.`);
  };
  same('MCP-Protocol-Version', lookup('mcp-protocol-version'), meta[META.protocolVersion]);
  same('Mcp-Method', lookup('mcp-method'), method);
  const named = NAMED[method];
  if (named === undefined) return;
  const name = lookup('mcp-name');
  same('Mcp-Name', name === undefined ? undefined : decoded('Mcp-Name', name), params[named]);
}

function mirrorsOf(schema: unknown, path: readonly string[] = [], found: Mirror[] = []): readonly Mirror[] {
  const properties = isObject(schema) ? schema['properties'] : undefined;
  if (!isObject(properties)) return found;
  for (const [name, property] of Object.entries(properties)) {
    if (!isObject(property)) continue;
    const header = property['x-mcp-header'];
    if (typeof header === 'string') found.push({ header: header.toLowerCase(), path: [...path, name] });
    mirrorsOf(property, [...path, name], found);
  }
  return found;
}

/** Cached by schema, because a schema never changes. */
const mirrors = new WeakMap<object, readonly Mirror[]>();

/** A value as it is in a header. Text that no header may have is encoded. */
const encoded = (value: string): string =>
  PLAIN.test(value) && value.trim() === value && !SENTINEL.test(value)
    ? value
    : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;

/**
 * The `Mcp-Param-*` headers of a request to another server.
 *
 * @param schema the input schema of the tool that is called
 * @returns undefined: there are none
 */
export function parameterHeaders(schema: JsonObject, given: JsonObject): Record<string, string> | undefined {
  let known = mirrors.get(schema);
  if (known === undefined) mirrors.set(schema, (known = mirrorsOf(schema)));
  if (known.length === 0) return undefined;
  const headers: Record<string, string> = {};
  for (const { header, path } of known) {
    let value: unknown = given;
    for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      headers[`mcp-param-${header}`] = encoded(String(value));
  }
  return headers;
}

function agrees(header: string, value: unknown): boolean {
  if (typeof value === 'number') return NUMBER.test(header) && Number(header) === value;
  return header === String(value);
}

/**
 * Checks the `Mcp-Param-*` headers of a tool's parameters.
 *
 * @param schema the tool's input schema; its `x-mcp-header` keywords name the headers
 * @throws DaemonError `header_mismatch`
 */
export function checkParameterHeaders(lookup: HeaderLookup, schema: JsonObject, given: JsonObject): void {
  let known = mirrors.get(schema);
  if (known === undefined) mirrors.set(schema, (known = mirrorsOf(schema)));
  for (const { header, path } of known) {
    let value: unknown = given;
    for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    // A value that cannot be in a header does not fit the schema either; the check of the arguments refuses it.
    if (typeof value === 'object' && value !== null) continue;
    const name = `Mcp-Param-${header}`;
    const found = lookup(`mcp-param-${header}`);
    if (value === undefined || value === null) {
      if (found !== undefined) throw mismatch(`${name} is given, but the body has no ${quoted(path.join('.'))}.`);
    } else if (found === undefined) throw mismatch(`the header ${name} is missing.`);
    else if (!agrees(decoded(name, found), value)) throw mismatch(`${name} does not match the body.`);
  }
}
