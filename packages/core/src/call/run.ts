/** One run of a function: the input of the executor. */
import type { JsonObject } from '../base/json.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { NotificationCounters } from './context.js';

/** One run. A call that asks for input has several runs, with the same counters. */
export interface Run {
  readonly definition: FunctionDefinition;
  /** Arguments of a tool or prompt, the URI of a resource. */
  readonly input: unknown;
  readonly request: RequestContext;
  readonly callId: string;
  /** The client's answers, by the names of the requests. */
  readonly inputs: JsonObject;
  /** The state of the function's last request for input. */
  readonly state: unknown;
  /** Variables of the resource template that matched. */
  readonly variables: Readonly<Record<string, string>>;
  readonly counters: NotificationCounters;
  readonly hooks?: RunHooks;
}

/** Lets the recorder delay the start until the `in_process` row is committed, and learn the code's digest. */
export interface RunHooks {
  /** Called before the function starts. The function starts when the promise resolves; undefined: at once. */
  intent(): Promise<void> | undefined;
  /** Called when the function starts, with the digest of its code, if it has one. */
  started(digest: string | null): void;
  /** Called with what the function prints, by runners that know it. */
  printed(text: string): void;
}
