/** What carries messages to another MCP server and back. */
import type { JsonRpcMessage } from '@mcp-daemon/core';

/** How a message is sent. */
export interface SendOptions {
  /** The protocol version of the connection, once it is known. */
  version?: string | undefined;
  /** Headers besides the usual ones (HTTP). */
  headers?: Readonly<Record<string, string>>;
  /** Aborted when the answer is not wanted any more (HTTP). */
  signal?: AbortSignal;
}

/** Carries messages. */
export interface Carrier {
  /**
   * Whether a cancelled request of the modern era is ended by its `signal`, and not by a notification: each request has a stream of
   * its own.
   */
  readonly hasStreams: boolean;
  /** Sends a message. It never throws: if a request cannot be sent, `onFailure` is called. */
  send(message: JsonRpcMessage, options?: SendOptions): void;
  /** Ends the connection, and the process behind it. `onClosed` is not called. A second call waits for the first. */
  close(): Promise<void>;
}

/** What a carrier calls. */
export interface CarrierEvents {
  /**
   * Called for each message.
   *
   * @param message a parsed message, not checked
   * @param related the id of the request whose stream it came on; undefined: not known
   */
  onMessage(message: unknown, related?: number): void;
  /** Called when the answer to a request will not come. */
  onFailure(id: number, error: Error): void;
  /**
   * Called when the connection is gone.
   *
   * @param why may be sent to clients
   * @param answersLater whether the carrier still calls `onMessage` or `onFailure` for the requests that run. Default: they fail
   */
  onClosed(why: string, answersLater?: boolean): void;
}
