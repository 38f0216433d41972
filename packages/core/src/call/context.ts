/** The context that a user's function gets. Members are created at their first use: most calls use none. */
import type { JsonObject } from '../base/json.js';
import { elicit, inputRequired, listRoots, sample } from '../input/requests.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { ClientCapabilities, Implementation, JsonRpcNotification, LogLevel } from '../protocol/messages.js';
import { LOG_LEVELS } from '../protocol/messages.js';
import { traceparentOf } from '../protocol/trace-context.js';
import type { ProtocolVersion } from '../protocol/versions.js';
import { supports } from '../protocol/versions.js';
import { toJson } from './content.js';
import type { RunEndedBy } from './scope.js';

/**
 * Copies the data of a log message, so that it can be sent. A log message must not make a function fail, and `data` is required.
 */
export function loggable(data: unknown): unknown {
  try {
    const json = toJson(data);
    return json === undefined ? String(data) : json;
  } catch {
    return Object.prototype.toString.call(data); // a cycle
  }
}

/** Kept across input-required re-runs, so that progress never goes backwards. */
export interface NotificationCounters {
  /** Greatest progress sent so far. */
  progress: number;
  /** Number of notifications sent so far. */
  notifications: number;
}

/** What {@link FunctionContext} is created from. */
export interface ContextSource {
  readonly callId: string;
  readonly request: RequestContext;
  /** The client's answers, by the names of the requests. */
  readonly inputs: JsonObject;
  /** The state of the function's last request for input. */
  readonly state: unknown;
  /** Variables of the resource template that matched. */
  readonly variables: Readonly<Record<string, string>>;
  readonly counters: NotificationCounters;
  /** Maximum number of notifications. */
  readonly maxNotifications: number;
  readonly resourceUpdated: (uri: string) => void;
  /** Creates the signal that is aborted when the call ends. */
  readonly signal: () => AbortSignal;
  /** Takes what the function printed, for the call's record. Absent: it is not recorded. */
  readonly printed?: ((text: string) => void) | undefined;
  /** Calls the listener if the call is ended before its function returns; one listener a call. Cheaper than the signal. */
  readonly onEnd: (listener: (by: RunEndedBy) => void) => void;
}

/** The second argument of every function. Its methods need no `this`, so they can be destructured. */
export class FunctionContext {
  readonly #source: ContextSource;
  #ended = false;

  constructor(source: ContextSource) {
    this.#source = source;
  }

  /** Aborted when the client cancels or disconnects, or at the time limit. */
  get signal(): AbortSignal {
    return this.#source.signal();
  }

  /** The tenant that the call belongs to. */
  get partition(): string {
    return this.#source.request.exchange.partition;
  }

  /** The caller. */
  get subject(): string {
    return this.#source.request.exchange.subject;
  }

  /** The id of this call: the uuid of its record. */
  get callId(): string {
    return this.#source.callId;
  }

  /** Name and version of the client program, as it says. */
  get client(): Implementation | undefined {
    return this.#source.request.caller.client;
  }

  /** The client's capabilities. Check them before you ask for input. */
  get clientCapabilities(): ClientCapabilities {
    return this.#source.request.caller.capabilities;
  }

  /** The protocol version of this request. */
  get protocolVersion(): ProtocolVersion {
    return this.#source.request.caller.version;
  }

  /** The request's `_meta`, as the client sent it. */
  get meta(): JsonObject {
    return this.#source.request.meta;
  }

  /** The `traceparent` of the call (W3C Trace Context), to send with requests to other services; undefined: none. */
  get traceparent(): string | undefined {
    const { meta, exchange } = this.#source.request;
    return traceparentOf(meta, exchange);
  }

  /** The client's answers, by the names of the requests. Empty in the first run. */
  get inputs(): JsonObject {
    return this.#source.inputs;
  }

  /** The `state` that the function returned when it asked for input. */
  get state(): unknown {
    return this.#source.state;
  }

  /** The variables of the resource template that matched. */
  get variables(): Readonly<Record<string, string>> {
    return this.#source.variables;
  }

  /** Creates requests for input, for modules without imports: `return context.inputRequired({ name: context.elicit(...) })`. */
  readonly inputRequired = inputRequired;
  readonly elicit = elicit;
  readonly sample = sample;
  readonly listRoots = listRoots;

  /**
   * Reports progress to the client, if the client asked for it. Values that do not increase are dropped.
   *
   * @param progress in any unit
   * @param total in the same unit, if known
   * @param message a text for people
   */
  get progress(): (progress: number, total?: number, message?: string) => void {
    return (progress, total, message) => this.#progress(progress, total, message);
  }

  #progress(progress: number, total?: number, message?: string): void {
    const { meta, exchange } = this.#source.request;
    const { progressToken } = meta;
    const isAsked = typeof progressToken === 'string' || typeof progressToken === 'number';
    if (!isAsked && exchange.progressed === undefined) return;
    if (!Number.isFinite(progress) || progress <= this.#source.counters.progress) return;
    this.#source.counters.progress = progress;
    if (!this.#ended) exchange.progressed?.(progress, total, message);
    if (!isAsked) return;
    const params: JsonObject = { progressToken, progress };
    if (Number.isFinite(total)) params['total'] = total;
    if (message !== undefined && supports(this.protocolVersion, 'progressMessage')) params['message'] = message;
    this.#notify({ jsonrpc: '2.0', method: 'notifications/progress', params });
  }

  /**
   * Sends a log message to the client, if it wants that level.
   *
   * @param data any value; one that is not JSON is sent as text
   * @param logger name of the component that logs
   */
  get log(): (level: LogLevel, data: unknown, logger?: string) => void {
    return (level, data, logger) => this.#log(level, data, logger);
  }

  #log(level: LogLevel, data: unknown, logger?: string): void {
    const wanted = this.#source.request.caller.logLevel;
    if (wanted === undefined || LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(wanted)) return;
    const sent = typeof data === 'string' ? data : loggable(data);
    const params: JsonObject = logger === undefined ? { level, data: sent } : { level, logger, data: sent };
    this.#notify({ jsonrpc: '2.0', method: 'notifications/message', params });
  }

  /** Notifies every client that subscribed to the resource that it has changed. */
  get resourceUpdated(): (uri: string) => void {
    return (uri) => this.#source.resourceUpdated(uri);
  }

  /** What a context was made from, for runners that send it to another process; undefined: the value is no context. */
  static sourceOf(context: unknown): ContextSource | undefined {
    return typeof context === 'object' && context !== null && #source in context ? context.#source : undefined;
  }

  /** Stops notifications, because none may follow the answer. Called by the executor. */
  static end(context: FunctionContext): void {
    context.#ended = true;
  }

  #notify(notification: JsonRpcNotification): void {
    const { counters, maxNotifications } = this.#source;
    if (this.#ended || counters.notifications >= maxNotifications) return;
    counters.notifications += 1;
    this.#source.request.exchange.notify(notification);
  }
}
