/** The MCP endpoint of a partition, as a model's host uses it: what is listed here is what a model sees. */
import type { Json, JsonObject } from '../base/json.js';
import { isObject, parseJson } from '../base/json.js';
import { headerText, MCP_VERSION, META_PREFIX } from '../base/mcp.js';
import { Failure, kindOfStatus } from './failure.js';
import type { Access } from './request.js';
import { send } from './request.js';
import { eventsOf } from './sse.js';

const META: JsonObject = {
  [`${META_PREFIX}protocolVersion`]: MCP_VERSION,
  [`${META_PREFIX}clientInfo`]: { name: 'mcp-daemon-console', version: '1' },
  [`${META_PREFIX}clientCapabilities`]: { elicitation: { form: {} } },
};

/** An error of JSON-RPC, which is how MCP says that a request was wrong. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: Json | undefined;

  constructor(code: number, message: string, data: Json | undefined) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** What a caller may hear of while a request runs. */
export interface RpcOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called for each notification, such as progress. */
  readonly onNotification?: (method: string, params: JsonObject) => void;
}

/** The answer in a message. Undefined: it is a notification. */
function answerOf(message: Json, onNotification: RpcOptions['onNotification']): JsonObject | undefined {
  if (!isObject(message)) throw new Failure('broken', 'The server has sent a message that is not JSON-RPC.');
  if (isObject(message['error'])) {
    const { code, message: text, data } = message['error'];
    throw new RpcError(Number(code), String(text), data);
  }
  if (isObject(message['result'])) return message['result'];
  if (typeof message['method'] === 'string')
    onNotification?.(message['method'], isObject(message['params']) ? message['params'] : {});
  return undefined;
}

/**
 * Sends one request.
 *
 * @throws RpcError where the answer is an error; Failure where there is no answer
 */
export async function rpc(access: Access, method: string, params: JsonObject, options: RpcOptions = {}): Promise<JsonObject> {
  const { signal, onNotification } = options;
  const meta = onNotification === undefined ? META : { ...META, progressToken: 1 };
  const named = params['name'] ?? params['uri'];
  const headers = {
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': MCP_VERSION,
    'mcp-method': method,
    ...(typeof named === 'string' ? { 'mcp-name': headerText(named) } : {}),
  };
  const body = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } };
  const response = await send(
    '/mcp',
    access,
    { method: 'POST', headers, body, signal },
    ({ ok, status }) => ok || status === 400 || status === 404,
  );
  const type = response.headers.get('content-type') ?? '';
  if (type.startsWith('text/event-stream') && response.body !== null) {
    for await (const { data } of eventsOf(response.body)) {
      const parsed = parseJson(data);
      const answer = 'value' in parsed ? answerOf(parsed.value, onNotification) : undefined;
      if (answer !== undefined) return answer;
    }
    throw new Failure('offline', 'The connection was closed before the answer had arrived.');
  }
  const parsed = parseJson(await response.text());
  const answer = 'value' in parsed ? answerOf(parsed.value, undefined) : undefined;
  if (answer !== undefined) return answer;
  throw new Failure(kindOfStatus(response.status), `The server answered ${response.status} without a result.`);
}

/** All entries of a list of MCP, page by page. @param key `tools`, `prompts`, ... */
export async function listAll(access: Access, method: string, key: string, signal?: AbortSignal): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let cursor: string | undefined;
  do {
    const page = await rpc(access, method, cursor === undefined ? {} : { cursor }, { signal });
    const items = page[key];
    if (Array.isArray(items)) found.push(...(items as readonly Json[]).filter(isObject));
    cursor = typeof page['nextCursor'] === 'string' ? page['nextCursor'] : undefined;
  } while (cursor !== undefined);
  return found;
}
