/**
 * HTTP headers that repeat parts of a request, so that what stands between can route it without reading it. A server that reads
 * the request must refuse headers that say something else: otherwise the two would act on different requests.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http#server-validation
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { DaemonError } from './errors.js';
import { META } from './messages.js';

/** Looks up a header by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

/** A tool's parameter that has a header: where it is in the arguments. */
interface Mirror {
  /** Lower case. */
  readonly header: string;
  readonly path: readonly string[];
}

/** The methods that name what they are about, and the parameter that does. */
const NAMED: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' };

const SENTINEL = /^=\?base64\?(.*)\?=$/;
const NUMBER = /^-?\d+(\.\d+)?$/;
/** What may stand in a header value; see RFC 9110, section 5.5. */
const PLAIN = /^[\t\x20-\x7e]*$/;

const quoted = (value: string): string => JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value);
const mismatch = (what: string): DaemonError => new DaemonError('header_mismatch', `Header mismatch: ${what}`);

/** A header value in plain text. @throws DaemonError `header_mismatch` */
function decoded(header: string, value: string): string {
  if (!PLAIN.test(value)) throw mismatch(`${header} holds characters that no header may have.`);
  const encoded = SENTINEL.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  // Decoders forgive; encoding again shows what they forgave.
  if (bytes.toString('base64') !== encoded) throw mismatch(`${header} is not valid Base64.`);
  return bytes.toString('utf8');
}

/**
 * Checks the headers that every request repeats itself in. What the body lacks is left to whoever reads the body.
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

/** By schema: most have none, and a schema never changes. */
const mirrors = new WeakMap<object, readonly Mirror[]>();

function agrees(header: string, value: unknown): boolean {
  if (typeof value === 'number') return NUMBER.test(header) && Number(header) === value;
  return header === String(value);
}

/**
 * Checks the headers of a tool's parameters, `Mcp-Param-*`.
 *
 * @param schema the tool's input schema, where `x-mcp-header` names them
 * @throws DaemonError `header_mismatch`
 */
export function checkParameterHeaders(lookup: HeaderLookup, schema: JsonObject, given: JsonObject): void {
  let known = mirrors.get(schema);
  if (known === undefined) mirrors.set(schema, (known = mirrorsOf(schema)));
  for (const { header, path } of known) {
    let value: unknown = given;
    for (const step of path) value = isObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    // A value that cannot be in a header is wrong as an argument, and refused as such.
    if (typeof value === 'object' && value !== null) continue;
    const name = `Mcp-Param-${header}`;
    const found = lookup(`mcp-param-${header}`);
    if (value === undefined || value === null) {
      if (found !== undefined) throw mismatch(`${name} is given, but the body has no ${quoted(path.join('.'))}.`);
    } else if (found === undefined) throw mismatch(`the header ${name} is missing.`);
    else if (!agrees(decoded(name, found), value)) throw mismatch(`${name} is not what the body says.`);
  }
}
