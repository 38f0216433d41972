/** A request that another server has not answered yet. */
import type { InputRequest, JsonObject, LogLevel, PassedAnswer } from '@mcp-daemon/core';

/** What a server's request to its client is answered with. */
export type Reply = (answer: PassedAnswer) => void;

/** The caller behind a request: what a server sends while it answers goes there. */
export interface PendingCaller {
  /** Who calls. Messages that name no request go to a caller only if no other one can be meant. */
  readonly who: string;
  progress(progress: number, total?: number, message?: string): void;
  log(level: LogLevel, data: unknown, logger?: string): void;
  /** Asks the caller. @param id names the question, to withdraw it */
  ask(id: string, request: InputRequest, reply: Reply): void;
  /** Takes a question back. */
  withdraw(id: string): void;
}

/** One request. */
export interface Pending {
  /** Absent: it is ours, such as a list. */
  readonly caller?: PendingCaller;
  /** Called with a notification that came on the request's own stream, or names it; for subscriptions. */
  notified?(method: string, params: JsonObject): void;
  /** Called once, with the answer. */
  settle(answer: PassedAnswer): void;
  /** Called instead, if there will be none. */
  fail(error: Error): void;
}
