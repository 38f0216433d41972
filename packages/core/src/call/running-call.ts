/** The types that the steps of a call pass to each other. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { Snapshot } from '../catalog/snapshot.js';
import type { Rounds } from '../input/asker.js';
import type { InputRequired } from '../input/requests.js';
import type { McpType } from '../ports/calls.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Ticket } from '../records/recorder.js';
import type { NotificationCounters } from './context.js';
import type { Outcome } from './outcome.js';
import type { RunHooks } from './run.js';

/** Takes part in a call that may outlive its request. */
export interface Conversation {
  /** The record of the call has begun. */
  begun(ticket: Ticket): void;
  /** The call has ended with this outcome. */
  ran(outcome: Outcome): void;
  /** The notes of the call's record, from those that it would have. */
  notes(notes: string | null): string | null;
  /**
   * Asks the client for input. Rejects if the call is over.
   *
   * @returns undefined: the client is asked as in any other call
   */
  interview(call: FoundCall, wish: InputRequired, rounds: Rounds): Promise<Rounds> | undefined;
}

/** A call whose function was found. */
export interface FoundCall {
  readonly definition: FunctionDefinition;
  readonly type: McpType;
  /** The function's input: arguments, or a URI. */
  readonly input: unknown;
  /** The value that is recorded as arguments. */
  readonly recorded: unknown;
  /** Variables of the resource template that matched. */
  readonly variables: Readonly<Record<string, string>>;
  readonly params: JsonObject;
  readonly request: RequestContext;
  /** Takes part in the call, if it may outlive its request. */
  readonly conversation?: Conversation;
  /** Converts the function's value to the result of the method. @throws ReturnValueError, DaemonError `resource_not_found` */
  toResult(value: unknown, callId: string): JsonObject;
}

/** The idempotency key that a call holds while it runs. */
export interface HeldKey {
  /** The id of the call. The key is stored with it before the call has a record. */
  readonly callId: string;
  /** Whether the function has begun. Before that the call has no effect. */
  began: boolean;
  /** Whether the end of the call is known. Then `settle` does nothing more. */
  readonly hasEnded: boolean;
  /** Stores the end of the call. Only the first time counts. It never fails. @param result what the client gets, if it gets one */
  settle(outcome: Outcome, result: JsonObject | undefined): Awaitable<void>;
}

/** A running call with its record. Each step of the call gets it. */
export interface RunningCall {
  readonly call: FoundCall;
  /** The catalog that the call uses. */
  readonly snapshot: Snapshot;
  /** The earlier rounds of input, from the request. */
  readonly rounds: Rounds;
  /** Its record. */
  readonly ticket: Ticket;
  readonly counters: NotificationCounters;
  readonly hooks: RunHooks;
  /** Its idempotency key, if it has one. */
  readonly key: HeldKey | undefined;
  /** What the client has answered, by the names of the questions, if it was asked during this request. */
  answers?: JsonObject;
  /** Who approved the call and when, for its record. */
  approved?: string;
}
