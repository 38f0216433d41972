/**
 * An MCP client in this process: `call` uses it to talk to the daemon as a host does.
 */
import type { Daemon, JsonObject, JsonRpcResponse, RequestId, Session } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import { VERSION } from '../version.js';

/** Handlers for messages from the daemon. */
export interface ClientHandlers {
  /** Answers a request from the daemon, such as `elicitation/create`. */
  onRequest(method: string, params: JsonObject): Promise<JsonObject>;
  onNotification(method: string, params: JsonObject): void;
}

/** A client in this process. */
export interface LocalClient {
  /** Sends a request. @returns the result @throws Failure with the message of an error response */
  request(method: string, params: JsonObject): Promise<JsonObject>;
  /** Cancels the last request. */
  cancel(): void;
}

const PROTOCOL = '2025-11-25';

/** Who calls, for records. */
export const CALL_CLIENT = { name: 'mcp-daemon call', version: VERSION };

/** Opens a session on a partition and initializes it. */
export async function connectLocally(
  daemon: Daemon,
  partition: string,
  capabilities: JsonObject,
  handlers: ClientHandlers,
): Promise<LocalClient> {
  let id = 0;
  let cancelled = (): void => undefined;

  async function answer(requestId: RequestId, method: string, params: JsonObject): Promise<void> {
    let response: JsonRpcResponse;
    try {
      response = { jsonrpc: '2.0', id: requestId, result: await handlers.onRequest(method, params) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      response = { jsonrpc: '2.0', id: requestId, error: { code: -32603, message } };
    }
    await session.receive(response);
  }

  const session: Session = daemon.open(
    {
      send(message) {
        const { method, params = {} } = message;
        if ('id' in message) void answer(message.id, method, params);
        else handlers.onNotification(method, params);
      },
    },
    { subject: 'cli', partition },
  );

  async function request(method: string, params: JsonObject): Promise<JsonObject> {
    id += 1;
    const answered = session.receive({ jsonrpc: '2.0', id, method, params });
    const stopped = new Promise<undefined>((resolve) => (cancelled = () => resolve(undefined)));
    const response = (await Promise.race([answered, stopped])) as JsonRpcResponse | undefined;
    if (response === undefined) throw new Failure('cancelled');
    if ('error' in response) throw new Failure(response.error.message);
    return response.result;
  }

  await request('initialize', { protocolVersion: PROTOCOL, capabilities, clientInfo: CALL_CLIENT });
  await session.receive({ jsonrpc: '2.0', method: 'notifications/initialized' });
  await request('logging/setLevel', { level: 'info' });
  return {
    request,
    cancel() {
      void session.receive({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
      cancelled();
    },
  };
}
