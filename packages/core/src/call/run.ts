/** One run of a function, as the executor takes it. */
import type { JsonObject } from '../base/json.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { NotificationCounters } from './context.js';

/** One run. A call that asks its client for input has several, with the same counters. */
export interface Run {
  readonly definition: FunctionDefinition;
  /** Arguments of a tool or prompt, the URI of a resource. */
  readonly input: unknown;
  readonly request: RequestContext;
  readonly callId: string;
  /** Answers of the client, by the names they were asked under. */
  readonly inputs: JsonObject;
  /** What the function gave when it last asked for input. */
  readonly state: unknown;
  /** Variables of the resource template that matched. */
  readonly variables: Readonly<Record<string, string>>;
  readonly counters: NotificationCounters;
  readonly hooks?: RunHooks;
}

/** Lets the recorder delay the start until the `in_process` row is committed, and learn the code's digest. */
export interface RunHooks {
  /** Called before the function starts: it starts when the promise resolves; undefined: at once. */
  intent(): Promise<void> | undefined;
  /** Called as the function starts, with the digest of its code, where it has one. */
  started(digest: string | null): void;
}
