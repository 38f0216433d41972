/** What the steps of one call hand to each other. */
import type { JsonObject } from '../base/json.js';
import type { Snapshot } from '../catalog/snapshot.js';
import type { Rounds } from '../input/asker.js';
import type { McpType } from '../ports/calls.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Ticket } from '../records/recorder.js';
import type { NotificationCounters } from './context.js';
import type { RunHooks } from './run.js';

/** A call whose function was found. */
export interface FoundCall {
  readonly definition: FunctionDefinition;
  readonly type: McpType;
  /** What the function is given: arguments, or a URI. */
  readonly input: unknown;
  /** What is recorded as its arguments. */
  readonly recorded: unknown;
  /** Variables of the resource template that matched. */
  readonly variables: Readonly<Record<string, string>>;
  readonly params: JsonObject;
  readonly request: RequestContext;
  /** From the function's value to the result of its method. @throws ReturnValueError, DaemonError `resource_not_found` */
  toResult(value: unknown, callId: string): JsonObject;
}

/** A call that has a record and runs. Made once, and given to each step until the call is finished. */
export interface RunningCall {
  readonly call: FoundCall;
  /** The catalog that the call was made on. */
  readonly snapshot: Snapshot;
  /** What the request brought along from earlier rounds of input. */
  readonly rounds: Rounds;
  /** Its record. */
  readonly ticket: Ticket;
  readonly counters: NotificationCounters;
  readonly hooks: RunHooks;
}
