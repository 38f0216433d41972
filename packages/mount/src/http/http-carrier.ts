/**
 * Carries messages over Streamable HTTP, with the transport of the official client. Each request has a transport object of its own, so
 * that it is known which request a message on its stream belongs to.
 */
import type { JsonRpcMessage } from '@mcp-daemon/core';
import type { AuthProvider, StreamableHTTPClientTransportOptions } from '@modelcontextprotocol/client';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

import type { ParseJson } from '../base/exact-lists.js';
import type { Carrier, CarrierEvents, SendOptions } from '../connection/carrier.js';
import { exactFetch } from './exact-fetch.js';
import { failureOf, isSessionEnd } from './failures.js';

/** What {@link httpCarrier} takes. */
export interface HttpCarrierOptions {
  /** The name of the mount. */
  name: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  /** Makes a source of tokens for each request. Absent: the headers are all there is. */
  auth?: (() => AuthProvider) | undefined;
  /** Parses lists. */
  parseJson: ParseJson;
  onStreamError: (error: Error) => void;
}

/** The method of a message that is a request, with its id. */
const requestOf = (message: JsonRpcMessage): { id: number; method: string } | undefined =>
  'method' in message && 'id' in message ? { id: message.id as number, method: message.method } : undefined;

/** Opens no connection yet: the first message does. */
export function httpCarrier(
  { name, url, headers, auth, parseJson, onStreamError }: HttpCarrierOptions,
  events: CarrierEvents,
): Carrier {
  const options = (): StreamableHTTPClientTransportOptions => ({
    requestInit: { headers: { ...headers } },
    fetch: exactFetch(parseJson),
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

  /** The transport of one request. */
  async function transportOf(id: number, version: string | undefined): Promise<StreamableHTTPClientTransport> {
    const own = new StreamableHTTPClientTransport(url, {
      ...options(),
      ...(main.sessionId === undefined ? {} : { sessionId: main.sessionId }),
      ...(version === undefined ? {} : { protocolVersion: version }),
    });
    own.onmessage = (message) => events.onMessage(message, id);
    own.onerror = onStreamError;
    await own.start();
    return own;
  }

  async function send(message: JsonRpcMessage, { version, headers: extra, signal }: SendOptions): Promise<void> {
    const request = requestOf(message);
    try {
      await started;
      const isOfSession = request === undefined || request.method === 'initialize';
      if (version !== undefined && isOfSession && main.protocolVersion !== version) main.setProtocolVersion(version);
      const transport = isOfSession ? main : await transportOf(request.id, version);
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
  }

  return {
    hasStreams: true,
    send: (message, sendOptions = {}) => void send(message, sendOptions),
    close: () => (closing ??= close()),
  };
}
