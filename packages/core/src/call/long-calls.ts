/** What the call path needs to know of calls that may outlive their requests. `tasks/` serves them; it is loaded at the first one. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { FoundCall } from './running-call.js';

/** Serves calls that may outlive their requests. */
export interface LongCalls {
  /**
   * Makes a call, and answers with its result, with a task, or with a resource where the result can be read later.
   *
   * @param start makes the call
   * @throws DaemonError `missing_client_capability`, `overloaded`, `store_failed`, and what the call throws
   */
  call(call: FoundCall, start: (call: FoundCall) => Awaitable<JsonObject | undefined>): Awaitable<JsonObject | undefined>;
  /** The state of a call of a function with `is_async`, by the URI that its client was given. @throws DaemonError `resource_not_found` */
  read(uri: string, request: RequestContext): Awaitable<JsonObject>;
}

/** What begins the URIs of calls of functions with `is_async`. Their ids follow. */
export const CALL_URI = 'mcp://function-call/';

/** Whether calls of a function may outlive their requests. */
export const mayBeLong = (definition: FunctionDefinition): boolean =>
  definition.kind === 'tool' && (definition.task !== undefined || definition.is_async === true);
