/**
 * A small MCP client over Streamable HTTP, for commands that ask a running server. It speaks both eras of the protocol: with a
 * handshake, and without.
 */
import type { JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { Failure, messageOf } from '../errors.js';
import { VERSION } from '../version.js';

/** A connected client. */
export interface RemoteClient {
  /** What the server says that it can do. */
  readonly capabilities: JsonObject;
  /** Sends a request. @returns the result @throws Failure with the message of an error */
  request(method: string, params: JsonObject): Promise<JsonObject>;
  /** Ends the session, if there is one. */
  close(): Promise<void>;
}

/** How long one request may take. */
const TIMEOUT_MS = 30_000;
const LEGACY = '2025-11-25';
const MODERN = '2026-07-28';
const CLIENT_INFO = { name: 'mcp-daemon', version: VERSION };

/** What a modern request says of its client. */
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** An error that the server has answered with. */
class Refusal extends Failure {}

const ADVICE: Readonly<Record<number, string>> = {
  401: ': give a valid token with --token',
  403: ': the token may not use this server',
  404: ': is it the URL of the MCP endpoint, which often ends in /mcp?',
  405: ': is it the URL of the MCP endpoint? The deprecated HTTP+SSE transport is not supported',
};

/** The messages of a stream of server-sent events. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, undefined> {
  let rest = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    rest += chunk;
    const events = rest.split(/\r?\n\r?\n/);
    rest = events.pop() ?? '';
    for (const event of events) {
      const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
      if (lines.length > 0) yield JSON.parse(lines.map((line) => line.slice('data:'.length).trimStart()).join('\n'));
    }
  }
}

/** The answer to a request among what a response holds. @throws SyntaxError where it is not JSON */
async function answerTo(id: number, response: Response): Promise<JsonObject | undefined> {
  const isAnswer = (message: unknown): message is JsonObject =>
    isObject(message) && message['id'] === id && !('method' in message);
  if (!(response.headers.get('content-type') ?? '').startsWith('text/event-stream') || response.body === null) {
    const message: unknown = JSON.parse(await response.text());
    // An error that the server found before it read the id has none.
    return isAnswer(message) || (isObject(message) && isObject(message['error'])) ? message : undefined;
  }
  // Leaving the loop closes the stream, which a server may keep open.
  for await (const message of eventsOf(response.body)) if (isAnswer(message)) return message;
  return undefined;
}

/** Sends a message. @throws Failure where no response comes */
async function post(url: string, headers: Readonly<Record<string, string>>, message: JsonObject): Promise<Response> {
  const common = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' };
  try {
    return await fetch(url, {
      method: 'POST',
      headers: { ...common, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      redirect: 'manual', // a token is for this server only
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    const code = isObject(cause) && 'code' in cause ? String(cause['code']) : messageOf(error);
    throw new Failure(`cannot reach ${url} (${code})`);
  }
}

/** The result in a response. @throws Refusal with the message of the server, Failure where it is no answer of an MCP server */
async function resultOf(url: string, id: number, response: Response): Promise<JsonObject> {
  const { status } = response;
  if (status >= 300 && status < 400)
    throw new Failure(
      `${url} answers ${status} with a redirect to ${response.headers.get('location') ?? 'nowhere'}: give that URL`,
    );
  let answer: JsonObject | undefined;
  try {
    answer = await answerTo(id, response);
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      throw new Failure(`${url} has not answered within ${TIMEOUT_MS / 1000} seconds`);
    answer = undefined; // not JSON, or the stream has ended in the middle
  }
  const { error, result } = answer ?? {};
  // 404 is also what a server without handshakes answers to a method that it does not know.
  if (isObject(error) && (ADVICE[status] === undefined || status === 404))
    throw new Refusal(`${url} answers: ${String(error['message'])}${ADVICE[status] ?? ''}`);
  if (status !== 200) throw new Failure(`${url} answers ${status}${ADVICE[status] ?? ': is it an MCP server?'}`);
  if (!isObject(result)) throw new Failure(`${url} does not answer as an MCP server does`);
  return result;
}

/**
 * Connects to a server.
 *
 * @param url its MCP endpoint
 * @param given what to send with each request, such as a token
 * @throws Failure where the server cannot be reached, refuses, or does not speak MCP; the message has no header
 */
export async function connectRemote(url: string, given: Readonly<Record<string, string>>): Promise<RemoteClient> {
  let id = 0;
  let session: Record<string, string> = {};

  async function legacy(method: string, params: JsonObject): Promise<JsonObject> {
    id += 1;
    const response = await post(url, { ...session, ...given }, { id, method, params });
    const result = await resultOf(url, id, response);
    if (method === 'initialize') {
      const name = response.headers.get('mcp-session-id');
      session = {
        'mcp-protocol-version': String(result['protocolVersion']),
        ...(name === null ? {} : { 'mcp-session-id': name }),
      };
    }
    return result;
  }

  async function modern(method: string, params: JsonObject): Promise<JsonObject> {
    id += 1;
    const headers = { 'mcp-protocol-version': MODERN, 'mcp-method': method, ...given };
    return resultOf(url, id, await post(url, headers, { id, method, params: { ...params, _meta: META } }));
  }

  const capabilitiesOf = ({ capabilities }: JsonObject): JsonObject => (isObject(capabilities) ? capabilities : {});

  try {
    const result = await legacy('initialize', { protocolVersion: LEGACY, capabilities: {}, clientInfo: CLIENT_INFO });
    const answered = await post(url, { ...session, ...given }, { method: 'notifications/initialized' });
    await answered.body?.cancel();
    return {
      capabilities: capabilitiesOf(result),
      request: legacy,
      async close() {
        if (session['mcp-session-id'] === undefined) return;
        const options = { method: 'DELETE', headers: { ...session, ...given }, signal: AbortSignal.timeout(TIMEOUT_MS) };
        // A server may refuse to end sessions: then it ends them by itself.
        await fetch(url, options).then(
          (response) => response.body?.cancel(),
          () => undefined,
        );
      },
    };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A server without handshakes refuses this one.
    const result = await modern('server/discover', {}).catch(() => {
      throw error;
    });
    return { capabilities: capabilitiesOf(result), request: modern, close: () => Promise.resolve() };
  }
}
