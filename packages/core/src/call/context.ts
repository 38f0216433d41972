/**
 * What a user's function is given besides its input. Members are made when they are first looked at: most calls look at none.
 */
import type { JsonObject } from '../base/json.js';
import { elicit, inputRequired, listRoots, sample } from '../input/requests.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { ClientCapabilities, Implementation, JsonRpcNotification, LogLevel } from '../protocol/messages.js';
import { LOG_LEVELS } from '../protocol/messages.js';
import { traceparentOf } from '../protocol/trace-context.js';
import type { ProtocolVersion } from '../protocol/versions.js';
import { supports } from '../protocol/versions.js';
import { toJson } from './content.js';

/** Data of a log message as a copy that can be sent: a log line must fail no function, and `data` must be there. */
function loggable(data: unknown): unknown {
  try {
    const json = toJson(data);
    return json === undefined ? String(data) : json;
  } catch {
    return Object.prototype.toString.call(data); // what contains itself
  }
}

/** Kept across input-required re-runs, so that progress never goes backwards. */
export interface NotificationCounters {
  /** Greatest progress sent so far. */
  progress: number;
  /** Number of notifications sent so far. */
  notifications: number;
}

/** What {@link FunctionContext} is made from. */
export interface ContextSource {
  readonly callId: string;
  readonly request: RequestContext;
  /** Answers of the client, by the names they were asked under. */
  readonly inputs: JsonObject;
  /** What the function gave with its last wish for input. */
  readonly state: unknown;
  /** Variables of the resource template that matched. */
  readonly variables: Readonly<Record<string, string>>;
  readonly counters: NotificationCounters;
  /** Greatest number of notifications. */
  readonly maxNotifications: number;
  readonly resourceUpdated: (uri: string) => void;
  /** Makes the signal that ends with the call. */
  readonly signal: () => AbortSignal;
}

/** The second argument of every function. Its functions need no `this`: they can be taken out of it. */
export class FunctionContext {
  readonly #source: ContextSource;
  #ended = false;

  constructor(source: ContextSource) {
    this.#source = source;
  }

  /** Aborted when the client cancels, leaves, or the time limit is reached. */
  get signal(): AbortSignal {
    return this.#source.signal();
  }

  /** The tenant that the call belongs to. */
  get partition(): string {
    return this.#source.request.exchange.partition;
  }

  /** Who calls. */
  get subject(): string {
    return this.#source.request.exchange.subject;
  }

  /** Names this call; the uuid of its record. */
  get callId(): string {
    return this.#source.callId;
  }

  /** Name and version that the client gives itself. */
  get client(): Implementation | undefined {
    return this.#source.request.caller.client;
  }

  /** What the client can do: look here before you ask for input. */
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

  /** The trace that the call belongs to, to be passed on to whatever is asked next (W3C Trace Context); undefined: to none. */
  get traceparent(): string | undefined {
    const { meta, exchange } = this.#source.request;
    return traceparentOf(meta, exchange);
  }

  /** The client's answers, by the names they were asked under. Empty at the first call. */
  get inputs(): JsonObject {
    return this.#source.inputs;
  }

  /** What the function gave as `state` when it asked for input. */
  get state(): unknown {
    return this.#source.state;
  }

  /** The variables of the resource template that matched. */
  get variables(): Readonly<Record<string, string>> {
    return this.#source.variables;
  }

  /** Makes wishes for input, for modules that import nothing: `return context.inputRequired({ name: context.elicit(...) })`. */
  readonly inputRequired = inputRequired;
  readonly elicit = elicit;
  readonly sample = sample;
  readonly listRoots = listRoots;

  /**
   * Tells the client how far the call is, if the client wants to know. Values that do not increase are left out.
   *
   * @param progress in any unit
   * @param total in the same unit, if known
   * @param message for people
   */
  get progress(): (progress: number, total?: number, message?: string) => void {
    return (progress, total, message) => this.#progress(progress, total, message);
  }

  #progress(progress: number, total?: number, message?: string): void {
    const { progressToken } = this.#source.request.meta;
    if (typeof progressToken !== 'string' && typeof progressToken !== 'number') return;
    if (!Number.isFinite(progress) || progress <= this.#source.counters.progress) return;
    this.#source.counters.progress = progress;
    const params: JsonObject = { progressToken, progress };
    if (Number.isFinite(total)) params['total'] = total;
    if (message !== undefined && supports(this.protocolVersion, 'progressMessage')) params['message'] = message;
    this.#notify({ jsonrpc: '2.0', method: 'notifications/progress', params });
  }

  /**
   * Sends a log message to the client, if it wants that level.
   *
   * @param data anything; what is not JSON is sent as text
   * @param logger name of the part that speaks
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

  /** Tells every client that subscribed to the resource that it has changed. */
  get resourceUpdated(): (uri: string) => void {
    return (uri) => this.#source.resourceUpdated(uri);
  }

  /** Ends notifications: none may follow the answer. Called by the executor. */
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
