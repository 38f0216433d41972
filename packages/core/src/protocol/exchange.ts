/** What core knows about a request's transport and sender. */
import type { Awaitable } from '../base/awaitable.js';
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
import type { HeldScopes } from './scopes.js';
import type { Era, ProtocolVersion } from './versions.js';

/** The context of one request, created by the transport. */
export interface Exchange {
  /** The tenant. It decides which catalog and which records are used. */
  readonly partition: string;
  /** Who calls. */
  readonly subject: string;
  /** The scopes of the caller's token. Absent: all, as for callers who need no token. */
  readonly scopes?: HeldScopes;
  /** The OAuth client that the caller's token was issued to. Absent: the token is not from OAuth. */
  readonly clientId?: string | undefined;
  /** Aborted when the client cancels the request or disconnects. */
  readonly signal: AbortSignal;
  /** Whether the request was cancelled, for those who need no signal: a signal is made at its first use. Absent: ask the signal. */
  readonly cancelled?: boolean;
  /** Sends a notification on the stream of this request. */
  notify(notification: JsonRpcNotification): void;
  /** Sends a request to a legacy client, on the stream of this request. Rejects if the client refuses or has left. */
  request?(request: InputRequest, signal: AbortSignal): Promise<JsonObject>;
  /**
   * The value of an HTTP header, by its lower-case name; absent if the transport has no headers. Headers that repeat parts of a
   * request must match it.
   */
  header?(name: string): string | undefined;
  /**
   * The `traceparent` from the transport, as it was sent (W3C Trace Context). The one in the request's `_meta` takes precedence.
   */
  readonly traceparent?: string | undefined;
  /** Memory that the request takes, in bytes; see `weighMessage`. Absent if it is small, or if the transport does not know. */
  readonly bytes?: number | undefined;
  /** Called with the progress of the call, whether or not the client asked for it. Absent: notifications are enough. */
  readonly progressed?: (progress: number, total?: number, message?: string) => void;
  /** Called when the request begins a call that is recorded, with the id of the record. */
  recorded?(callId: string): void;
  /** The catalog (a `CatalogDefinition`) that a call runs on, in a replay. Absent: what the partition serves. */
  readonly catalog?: object;
  /** The connection that the request came on; absent where every request stands alone. */
  readonly connection?: Connection;
}

/** The state of a connection between requests, as far as handlers use it. */
export interface Connection {
  /** Undefined before `initialize`, and for clients that use only the modern era. */
  readonly legacy: LegacySession | undefined;
  /**
   * Starts a session, at `initialize`. It ends the previous session of this connection, with its log level and its subscriptions.
   */
  begin(caller: Caller, lists: AnnouncedLists): void;
  /** Changes the minimum severity of the log messages that the client wants. Resolves when it is kept; see `KeptSessions`. */
  setLogLevel(level: LogLevel): Awaitable<void>;
  /**
   * Subscribes the session to a resource. Resolves when that is kept.
   *
   * @param templates the URI templates of the catalog, the same array until it changes
   * @throws DaemonError `limit_exceeded`
   */
  subscribe(uri: string, templates: readonly string[]): Awaitable<void>;
  /** Ends the subscription, if there is one. Resolves when that is kept. */
  unsubscribe(uri: string): Awaitable<void>;
  /** Ends the request with this id, if it is running. */
  cancel(id: RequestId): void;
  /** Handles the client's answer to a request of this server. */
  deliver(response: JsonRpcResponse): void;
}

/** What a legacy client said at its handshake and later. */
export interface LegacySession {
  /** Replaced, never changed: a running request keeps its own. */
  readonly caller: Caller;
  /** The lists whose changes the client is notified of. */
  readonly lists: AnnouncedLists;
}

/** The lists whose changes a client is notified of. */
export interface AnnouncedLists {
  readonly tools: boolean;
  readonly prompts: boolean;
  readonly resources: boolean;
}

/** What a request says about its sender: from the handshake in the legacy era, from `_meta` in the modern era. */
export interface Caller {
  readonly era: Era;
  readonly version: ProtocolVersion;
  readonly capabilities: ClientCapabilities;
  readonly client: Implementation | undefined;
  /** Minimum severity of the log messages that the client wants; undefined: it wants none. */
  readonly logLevel: LogLevel | undefined;
}

/** What a request's handler gets in addition to the parameters. */
export interface RequestContext {
  readonly id: RequestId;
  readonly exchange: Exchange;
  readonly caller: Caller;
  /** The request's `_meta`, or an empty object. */
  readonly meta: JsonObject;
}
