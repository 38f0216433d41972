/** Commands that make a recorded call again, for people to copy. */
import type { Json } from './json.js';
import { headerText, MCP_VERSION, META_PREFIX } from './mcp.js';
import { targetOf } from './partition.js';
import { escapedJson } from './visible.js';

/** What is known of a call. */
export interface RepeatableCall {
  /** `tool`, `resource` or `prompt`. */
  readonly type: string;
  readonly name: string;
  /** Undefined where the record has none. */
  readonly arguments: Json | undefined;
  readonly partition: string;
}

/** A word for a POSIX shell. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

function requestOf({ type, name, arguments: given }: RepeatableCall): { method: string; params: Record<string, unknown> } {
  if (type === 'prompt') return { method: 'prompts/get', params: { name, arguments: given ?? {} } };
  if (type !== 'resource') return { method: 'tools/call', params: { name, arguments: given ?? {} } };
  const uri = typeof given === 'object' && given !== null && 'uri' in given ? given['uri'] : undefined;
  return { method: 'resources/read', params: { uri: uri ?? name } };
}

/**
 * A `curl` that makes the call over MCP. The token is read from the variable TOKEN, so that no token gets into a history.
 *
 * @param base the address of the server, without a slash at its end
 */
export function curlOf(call: RepeatableCall, base: string, withToken: boolean): string {
  const { method, params } = requestOf(call);
  const { prefix, headers } = targetOf(call.partition);
  const meta = { [`${META_PREFIX}protocolVersion`]: MCP_VERSION, [`${META_PREFIX}clientCapabilities`]: {} };
  const body = escapedJson({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } });
  const named = String(params['uri'] ?? params['name']);
  const lines = [
    `curl -sS ${shellWord(`${base}${prefix}/mcp`)}`,
    ...(withToken ? [`-H "Authorization: Bearer $TOKEN"`] : []),
    ...Object.entries(headers).map(([name, value]) => `-H ${shellWord(`${name}: ${value}`)}`),
    `-H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream'`,
    `-H 'MCP-Protocol-Version: ${MCP_VERSION}' -H ${shellWord(`Mcp-Method: ${method}`)} -H ${shellWord(`Mcp-Name: ${headerText(named)}`)}`,
    `--data-binary ${shellWord(body)}`,
  ];
  return lines.join(' \\\n  ');
}

/**
 * A `mcp-daemon call` that makes the call: with the config file of the folder it is run in, or with the store for a partition other than
 * `default`.
 */
export function commandOf(call: RepeatableCall): string {
  const { method, params } = requestOf(call);
  const name = String(params['uri'] ?? params['name']);
  // A name that begins with a dash would be read as a flag.
  const partition = call.partition === 'default' ? [] : ['--partition', shellWord(call.partition)];
  const words = ['mcp-daemon', 'call', ...partition, ...(name.startsWith('-') ? ['--'] : []), shellWord(name)];
  if (method !== 'resources/read') words.push(shellWord(escapedJson(params['arguments'])));
  return words.join(' ');
}
