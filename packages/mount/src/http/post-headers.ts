/** The headers of requests that need nothing of the official client: no new tokens, no encoding, no handshake. */
import type { JsonObject, JsonRpcMessage } from '@mcp-daemon/core';
import { isObject, META } from '@mcp-daemon/core';

/** The methods whose target is repeated in the header `Mcp-Name`, and the parameter with the target. */
const NAMED: Readonly<Record<string, string>> = {
  ...{ 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' },
  ...{ 'tasks/get': 'taskId', 'tasks/update': 'taskId', 'tasks/cancel': 'taskId' },
};

/** A text that a header may have as it is. */
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/;
/** What begins a text that is encoded. */
const SENTINEL = '=?base64?';

/** Headers that the official client combines with those of the config. */
const COMBINED = ['accept', 'content-type', 'mcp-session-id', 'mcp-protocol-version', 'mcp-method', 'mcp-name'];

/**
 * The headers of every request.
 *
 * @param hasToken whether a token is added to each
 * @returns undefined: some need the official client
 */
export function usualHeaders(
  given: Readonly<Record<string, string>>,
  hasToken = false,
): Readonly<Record<string, string>> | undefined {
  const lower = Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
  if (COMBINED.some((name) => name in lower) || (hasToken && 'authorization' in lower)) return undefined;
  return { ...lower, 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
}

/** The headers that repeat parts of a request of the modern era. @returns undefined: one must be encoded */
export function repeatedHeaders(message: JsonRpcMessage): Readonly<Record<string, string>> | undefined {
  const { method, params } = message as { method: string; params?: JsonObject };
  const meta = params?.['_meta'];
  if (!isObject(meta) || meta[META.protocolVersion] === undefined) return {};
  const member = NAMED[method];
  if (member === undefined) return { 'mcp-method': method };
  const name = params?.[member];
  if (typeof name !== 'string' || !PLAIN.test(name) || name.startsWith(SENTINEL)) return undefined;
  return { 'mcp-method': method, 'mcp-name': name };
}
