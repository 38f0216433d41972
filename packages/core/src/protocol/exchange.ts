/**
 * What core knows of the world outside while it serves one request.
 */
import type { JsonObject } from '../base/json.js';
import type {
  ClientCapabilities,
  Implementation,
  InputRequest,
  JsonRpcNotification,
  JsonRpcResponse,
  LogLevel,
  RequestId,
} from './messages.js';
import type { Era, ProtocolVersion } from './versions.js';

/** One request's way in and out, made by a transport. */
export interface Exchange {
  /** Whose catalog and records these are. */
  readonly partition: string;
  /** Who calls. */
  readonly subject: string;
  /** Aborted when the client cancels the request or has left. */
  readonly signal: AbortSignal;
  /** Sends a notification on the stream of this request. */
  notify(notification: JsonRpcNotification): void;
  /** Asks a legacy client something, on the stream of this request; rejects where the client refuses or has left. */
  request?(request: InputRequest, signal: AbortSignal): Promise<JsonObject>;
  /**
   * The value of an HTTP header, by its lower-case name; absent where the transport has none. Those that repeat parts of a
   * request are held against it.
   */
  header?(name: string): string | undefined;
  /** The trace that the transport says the request belongs to, as it was sent (W3C Trace Context); that of its `_meta` goes before it. */
  readonly traceparent?: string | undefined;
  /** What the request takes in memory; see `weighMessage`. Absent where the transport does not know, or where it is small. */
  readonly bytes?: number | undefined;
  /** The connection that the request came on; absent where every request stands alone. */
  readonly connection?: Connection;
}

/** What a connection remembers between requests; handlers see this much of it. */
export interface Connection {
  /** Undefined before `initialize`, and where the client speaks the modern era only. */
  readonly legacy: LegacySession | undefined;
  /** Begins a session, at `initialize`. A session that there was before ends: its log level and its subscriptions are gone. */
  begin(caller: Caller, lists: AnnouncedLists): void;
  /** Changes the least severe log message that the client of the session wants. */
  setLogLevel(level: LogLevel): void;
  /**
   * Subscribes the session to a resource.
   *
   * @param templates the URI templates of the catalog, the same array until it changes
   * @throws DaemonError `limit_exceeded`
   */
  subscribe(uri: string, templates: readonly string[]): void;
  /** Ends the subscription, if there is one. */
  unsubscribe(uri: string): void;
  /** Ends the request of that id, if it is under way. */
  cancel(id: RequestId): void;
  /** Takes the client's answer to a request of ours. */
  deliver(response: JsonRpcResponse): void;
}

/** What a legacy client told at its handshake, and since. */
export interface LegacySession {
  /** Replaced, never changed: a request keeps the one it began with. */
  readonly caller: Caller;
}

/** Of which lists a client hears that they have changed. */
export interface AnnouncedLists {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
}

/** What a request says about its sender: from the handshake in the legacy era, from `_meta` in the modern. */
export interface Caller {
  readonly era: Era;
  readonly version: ProtocolVersion;
  readonly capabilities: ClientCapabilities;
  readonly client: Implementation | undefined;
  /** Least severe log message that the client wants; undefined: none. */
  readonly logLevel: LogLevel | undefined;
}

/** Everything that one request's handler is given besides its parameters. */
export interface RequestContext {
  readonly id: RequestId;
  readonly exchange: Exchange;
  readonly caller: Caller;
  /** The request's `_meta`, or an empty object. */
  readonly meta: JsonObject;
}
