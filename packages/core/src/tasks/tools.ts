/**
 * What this room gets from outside. It is loaded at the first long call, and in some programs from a file of its own. So it makes
 * no errors of its own copy of `DaemonError`, which the rest of the program would not recognise.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { InputAsker } from '../input/asker.js';
import type { CallRecord } from '../ports/calls.js';
import type { Logger } from '../ports/logger.js';
import type { StateStore } from '../ports/state.js';
import type { EndedBy } from '../protocol/ended-by.js';
import type { ErrorCode } from '../protocol/errors.js';
import type { Limits } from '../protocol/limits.js';
import type { JsonRpcErrorObject } from '../protocol/messages.js';
import type { Era } from '../protocol/versions.js';

/** What `createTasks` takes. */
export interface TaskTools {
  /** Where tasks are kept. @throws DaemonError `store_failed`, `store_busy`, `closed` */
  state(): Awaitable<StateStore>;
  /** Whether other processes use that store, too. */
  isShared(): boolean;
  /** The record of a call; undefined: there is none. */
  record(partition: string, callId: string): Awaitable<CallRecord | undefined>;
  /** Makes a `DaemonError`. */
  fail(code: ErrorCode, message: string, options?: { cause?: unknown; data?: unknown }): Error;
  /** The JSON-RPC error of anything thrown. */
  rpcError(error: unknown): JsonRpcErrorObject;
  /** The reason to abort a signal with; see `ended-by.ts`. */
  abortReason(by: EndedBy): unknown;
  /** JSON text of a result; known already for that of a call. */
  encode(result: JsonObject): string;
  /** Notes the JSON text of a result that will not be changed any more, so that it is not encoded again. @returns the result */
  withText(result: JsonObject, text: string): JsonObject;
  /** A complete result. */
  complete(result: JsonObject, era: Era): JsonObject;
  asker: Pick<InputAsker, 'requests'>;
  limits: Limits;
  logger: Logger;
}
