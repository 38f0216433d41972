/**
 * Carries messages over Streamable HTTP, with the transport of the official client. Each request has a transport object of its own, so
 * that it is known which request a message on its stream belongs to.
 */
import type { JsonRpcMessage } from '@mcp-daemon/core';
import type { AuthProvider, StreamableHTTPClientTransportOptions } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import type { ParseJson } from '../base/exact-lists.js';
import { parseMessage } from '../base/exact-lists.js';
import type { Carrier, CarrierEvents, SendOptions } from '../connection/carrier.js';
import { exactFetch } from './exact-fetch.js';
import { failureOf, isSessionEnd } from './failures.js';
import type { PostAnswer } from './light-post.js';
import { createLightPost } from './light-post.js';
import { repeatedHeaders, usualHeaders } from './post-headers.js';

/** What {@link httpCarrier} takes. */
export interface HttpCarrierOptions {
  /** The name of the mount. */
  name: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** Makes a source of tokens for each request. Absent: the headers are all there is. */
  auth?: (() => AuthProvider) | undefined;
  /** Largest size of a message. */
  maxMessageBytes: number;
  /** Parses lists. */
  parseJson: ParseJson;
  onStreamError: (error: Error) => void;
}

/** The method of a message that is a request, with its id. */
const requestOf = (message: JsonRpcMessage): { id: number; method: string } | undefined =>
  'method' in message && 'id' in message ? { id: message.id as number, method: message.method } : undefined;

/** Opens no connection yet: the first message does. */
export function httpCarrier(
  { name, url, headers, auth, maxMessageBytes, parseJson, onStreamError }: HttpCarrierOptions,
  events: CarrierEvents,
): Carrier {
  const ownFetch = exactFetch(parseJson);
  const light = createLightPost(url, maxMessageBytes);
  const usual = usualHeaders(headers, auth !== undefined);
  const options = (): StreamableHTTPClientTransportOptions => ({
    requestInit: { headers: { ...headers } },
    fetch: ownFetch,
    ...(auth === undefined ? {} : { authProvider: auth() }),
  });
  /** Holds the session, and its stream of messages that belong to no request. */
  const main = new StreamableHTTPClientTransport(url, options());
  main.onmessage = (message) => events.onMessage(message);
  main.onerror = onStreamError;
  const started = main.start();

  function fail(id: number | undefined, error: unknown): void {
    const failure = failureOf(name, error);
    if (id !== undefined) events.onFailure(id, failure);
    if (!isSessionEnd(error) || main.sessionId === undefined) return;
    // The session is over. Each request that still runs gets the same answer, or had its own.
    void main.close();
    events.onClosed(failure.message, true);
  }

  /** The transport of one request. @param first the answer, if it is there already */
  async function transportOf(id: number, version: string | undefined, first?: Response): Promise<StreamableHTTPClientTransport> {
    let ready = first;
    const own = new StreamableHTTPClientTransport(url, {
      ...options(),
      ...(first !== undefined && {
        fetch: (to, init) => {
          const answer = ready;
          ready = undefined;
          return answer === undefined ? ownFetch(to, init) : Promise.resolve(answer);
        },
      }),
      ...(main.sessionId === undefined ? {} : { sessionId: main.sessionId }),
      ...(version === undefined ? {} : { protocolVersion: version }),
    });
    own.onmessage = (message) => events.onMessage(message, id);
    own.onerror = onStreamError;
    await own.start();
    return own;
  }

  /** Posts with a token. @returns undefined: the server refuses it, so the official client has to get another one */
  async function postAs(
    provider: AuthProvider,
    body: string,
    all: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<PostAnswer | undefined> {
    const token = await provider.token();
    const answer = await light.post(body, token === undefined ? all : { ...all, authorization: `Bearer ${token}` }, signal);
    if (typeof answer === 'string' || answer.status !== 401) return answer;
    await answer.body?.cancel();
    return undefined;
  }

  /** Posts a request without the official client. @returns undefined: it needs the client. It was not posted, or was refused with 401 */
  function post(
    message: JsonRpcMessage,
    { version, headers: extra, signal }: SendOptions,
  ): Promise<PostAnswer | undefined> | undefined {
    if (usual === undefined || version === undefined) return undefined;
    const repeated = repeatedHeaders(message);
    if (repeated === undefined) return undefined;
    const session = main.sessionId === undefined ? {} : { 'mcp-session-id': main.sessionId };
    const all = { ...usual, ...session, 'mcp-protocol-version': version, ...repeated, ...extra };
    const body = JSON.stringify(message);
    return auth === undefined ? light.post(body, all, signal) : postAs(auth(), body, all, signal);
  }

  async function send(message: JsonRpcMessage, sendOptions: SendOptions): Promise<void> {
    const { version, headers: extra, signal } = sendOptions;
    const request = requestOf(message);
    try {
      await started;
      const isOfSession = request === undefined || request.method === 'initialize';
      if (version !== undefined && isOfSession && main.protocolVersion !== version) main.setProtocolVersion(version);
      const answer = isOfSession ? undefined : await post(message, sendOptions);
      if (typeof answer === 'string') return events.onMessage(parseMessage(answer, parseJson), request?.id);
      const transport = isOfSession ? main : await transportOf(request.id, version, answer);
      await transport.send(message as never, {
        ...(extra === undefined ? {} : { headers: extra }),
        ...(signal === undefined ? {} : { requestSignal: signal }),
        onRequestStreamEnd: () => {
          if (request !== undefined)
            events.onFailure(request.id, new Error(`the server "${name}" ended its answer before the result`));
        },
      });
    } catch (error) {
      if (signal?.aborted !== true) fail(request?.id, error);
    }
  }

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    // A server that does not answer must not hold up the end.
    await Promise.race([
      main.terminateSession().catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, 1_000).unref()),
    ]);
    await main.close();
    light.close();
  }

  return {
    hasStreams: true,
    send: (message, sendOptions = {}) => void send(message, sendOptions),
    close: () => (closing ??= close()),
  };
}
