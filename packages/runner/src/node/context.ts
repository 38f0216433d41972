/** The `context` of functions in this process, with the same members as that of functions in the daemon's process. */
import { elicit, inputRequired, listRoots, LOG_LEVELS, loggable, sample } from '@mcp-daemon/core/child';

import type { Call, CallerBody } from '../protocol/messages.js';
import { FROM_CHILD } from '../protocol/messages.js';

/** Sends a message about a call. */
export type Send = (type: number, id: number, body: object) => void;

/** Notifications of one call. The daemon drops more than it allows; this keeps a function from sending millions. */
const MAX_NOTIFICATIONS = 100_000;

/** What {@link ChildContext} is created from. */
export interface ContextSource {
  id: number;
  call: Call;
  caller: CallerBody;
  partition: string;
  send: Send;
}

/** The second argument of every function. */
export class ChildContext {
  readonly #source: ContextSource;
  #controller: AbortController | undefined;
  #abortedBy: string | undefined;
  #ended = false;
  #greatest = -Infinity;
  #sent = 0;

  constructor(source: ContextSource) {
    this.#source = source;
  }

  /** Aborted when the client cancels or disconnects, or at the time limit. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#abortedBy !== undefined) this.#abort();
    return this.#controller.signal;
  }

  get partition(): string {
    return this.#source.partition;
  }

  get subject(): string {
    return this.#source.call.subject;
  }

  get callId(): string {
    return this.#source.call.uuid;
  }

  get client(): unknown {
    return this.#source.caller.client;
  }

  get clientCapabilities(): unknown {
    return this.#source.caller.capabilities ?? {};
  }

  get protocolVersion(): string | undefined {
    return this.#source.caller.protocolVersion;
  }

  get meta(): Record<string, unknown> {
    return (this.#source.call.meta ??= {});
  }

  get traceparent(): string | undefined {
    return this.#source.call.traceparent;
  }

  get inputs(): Record<string, unknown> {
    return (this.#source.call.inputs ??= {});
  }

  get state(): unknown {
    return this.#source.call.state;
  }

  get variables(): Record<string, string> {
    return (this.#source.call.variables ??= {});
  }

  readonly inputRequired = inputRequired;
  readonly elicit = elicit;
  readonly sample = sample;
  readonly listRoots = listRoots;

  get progress(): (progress: number, total?: number, message?: string) => void {
    return (progress, total, message) => {
      const { call, send, id } = this.#source;
      if (!call.progress || !Number.isFinite(progress) || progress <= this.#greatest || !this.#maySend()) return;
      this.#greatest = progress;
      send(FROM_CHILD.PROGRESS, id, { progress, ...(Number.isFinite(total) ? { total } : {}), message });
    };
  }

  get log(): (level: string, data: unknown, logger?: string) => void {
    return (level, data, logger) => {
      const { caller, send, id } = this.#source;
      const levels: readonly string[] = LOG_LEVELS;
      const rank = levels.indexOf(level);
      if (caller.logLevel === undefined || rank < levels.indexOf(caller.logLevel) || !this.#maySend()) return;
      send(FROM_CHILD.LOG, id, { level, data: typeof data === 'string' ? data : loggable(data), logger });
    };
  }

  get resourceUpdated(): (uri: string) => void {
    return (uri) => {
      const { send, id } = this.#source;
      send(FROM_CHILD.RESOURCE_UPDATED, this.#ended ? 0 : id, { uri: String(uri) });
    };
  }

  /** Aborts the signal. @param reason `cancelled` or `timed_out` */
  static abort(context: ChildContext, reason: string): void {
    context.#abortedBy = reason;
    if (context.#controller !== undefined) context.#abort();
  }

  /** Stops notifications, because none may follow the answer. */
  static end(context: ChildContext): void {
    context.#ended = true;
  }

  #abort(): void {
    const what = this.#abortedBy === 'timed_out' ? 'reached its time limit' : 'was cancelled';
    this.#controller?.abort(new DOMException(`The call ${what}`, 'AbortError'));
  }

  #maySend(): boolean {
    if (this.#ended || this.#sent >= MAX_NOTIFICATIONS) return false;
    this.#sent += 1;
    return true;
  }
}
