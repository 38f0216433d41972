/**
 * The messages of a client, in both eras of the protocol.
 */
const CLIENT = { name: 'bench', version: '1.0.0' };

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': CLIENT,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** Members of a modern request's `_meta` that say that the client knows tasks. */
export const TASKS = {
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

export const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: CLIENT };
export const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}\n';

/** A request as a line. @param meta further members of `_meta`, in the modern era */
export function request(era, id, method, params, meta) {
  const sent = era === 'modern' ? { ...params, _meta: { ...META, ...meta } } : params;
  return `${JSON.stringify({ jsonrpc: '2.0', id, method, params: sent })}\n`;
}

/** Makes the request lines for calls of one tool; only the id and the numbers vary. */
export function callsOf(era, name) {
  const [before, middle, after] = request(era, 0, 'tools/call', { name, arguments: { a: 'A', b: 'B' } }).split(/"[AB]"/);
  const head = before.replace('"id":0', '"id":ID').split('ID');
  return (id, a, b) => head[0] + id + head[1] + a + middle + b + after;
}

/** The text in a tool's answer. */
export function textOf(message) {
  const { result, error } = message;
  if (error !== undefined) throw new Error(`JSON-RPC error ${error.code}: ${error.message}`);
  const text = result?.content?.[0]?.text;
  if (result?.isError || typeof text !== 'string') throw new Error(`no text in ${JSON.stringify(message).slice(0, 300)}`);
  return text;
}
