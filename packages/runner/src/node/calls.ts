/** Runs the calls of this process. */
import type { AsyncLocalStorage } from 'node:async_hooks';

import type { UserFunction } from '@mcp-daemon/core/child';
import { isGenerator, messageOf, ReturnValueError, runGenerator } from '@mcp-daemon/core/child';

import type { Call, CallerBody } from '../protocol/messages.js';
import { FROM_CHILD } from '../protocol/messages.js';
import type { Send } from './context.js';
import { ChildContext } from './context.js';
import type { Printing } from './output.js';
import { encodeResult } from './values.js';

/** A function that was loaded. */
export interface LoadedFunction {
  run: UserFunction;
  partition: string;
  /** Whether its last call returned, or awaited something, at once. Several such calls are announced together. */
  quick: boolean;
}

/** What {@link CallRunner} takes. */
export interface CallRunnerOptions {
  functions: ReadonlyMap<number, LoadedFunction>;
  callers: ReadonlyMap<number, CallerBody>;
  /** The call that runs. */
  current: AsyncLocalStorage<Printing>;
  send: Send;
  /** Sends a body that is JSON already. */
  sendJson(type: number, id: number, json: string, attachments: readonly Uint8Array[]): void;
  /** Writes what was sent now. */
  flush(): void;
  maxMessageBytes(): number;
  /** Called when the last running call has ended. */
  onIdle(): void;
}

/** Milliseconds for which a function may hold the event loop and count as quick. */
const QUICK_MS = 1;

interface Waiting {
  id: number;
  call: Call;
  fn: LoadedFunction;
}

/** The error as it is sent. Getters of the error may throw. */
function errorBody(thrown: unknown): object {
  const message = messageOf(thrown);
  try {
    if (thrown instanceof ReturnValueError) return { name: thrown.name, message, kind: 'return_value' };
    if (!(thrown instanceof Error)) return { name: '', message };
    const { name, stack, cause } = thrown;
    const { code } = thrown as { code?: unknown };
    return {
      name: String(name),
      message,
      ...(typeof stack === 'string' ? { stack: stack.slice(0, 10_000) } : {}),
      ...(cause === undefined ? {} : { cause: messageOf(cause) }),
      ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    };
  } catch {
    return { name: '', message };
  }
}

/** Runs calls in the order in which they come. */
export class CallRunner {
  readonly #options: CallRunnerOptions;
  readonly #running = new Map<number, ChildContext>();
  #waiting: Waiting[] = [];

  constructor(options: CallRunnerOptions) {
    this.#options = options;
  }

  /** Number of running calls. */
  get size(): number {
    return this.#running.size + this.#waiting.length;
  }

  /** Takes a call. It runs at the next {@link begin}. */
  add(id: number, call: Call): void {
    const fn = this.#options.functions.get(call.fn);
    if (fn === undefined) throw new Error(`the daemon called the unknown function ${call.fn}`);
    this.#waiting.push({ id, call, fn });
  }

  /**
   * Runs what waits. A call is announced before it runs: together with those that follow, if all are quick, else alone, because a call
   * that was not announced can run elsewhere if this process ends in the one before it.
   */
  begin(): void {
    while (this.#waiting.length > 0) {
      const [first] = this.#waiting;
      const slow = this.#waiting.findIndex(({ fn }) => !fn.quick);
      const count = first?.fn.quick !== true ? 1 : slow < 0 ? this.#waiting.length : slow;
      const batch = this.#waiting.splice(0, count);
      this.#options.send(FROM_CHILD.BEGUN, batch[0]?.id ?? 0, { ids: batch.map(({ id }) => id) });
      this.#options.flush();
      for (const call of batch) this.#run(call);
    }
  }

  /** Aborts the signal of a call. One that waits still runs: it was sent, and must be answered. */
  abort(id: number, reason: string): void {
    const context = this.#running.get(id);
    if (context !== undefined) ChildContext.abort(context, reason);
  }

  #run({ id, call, fn }: Waiting): void {
    const { callers, current, send } = this.#options;
    const context = new ChildContext({ id, call, caller: callers.get(call.caller) ?? {}, partition: fn.partition, send });
    this.#running.set(id, context);
    current.run({ id, printed: 0 }, () => {
      const since = performance.now();
      try {
        const value = fn.run(call.input, context);
        fn.quick = performance.now() - since < QUICK_MS;
        if (typeof value === 'object' && value !== null && (isGenerator(value) || isThenable(value))) {
          void this.#settle(id, context, value);
          return;
        }
        const encoded = encodeResult(value);
        if (encoded instanceof Promise) void this.#settle(id, context, encoded, true);
        else this.#answer(id, context, encoded);
      } catch (thrown) {
        this.#fail(id, context, thrown);
      }
    });
  }

  async #settle(id: number, context: ChildContext, pending: unknown, isEncoded = false): Promise<void> {
    try {
      let value = await pending;
      if (isEncoded) {
        this.#answer(id, context, value as Awaited<ReturnType<typeof encodeResult>>);
        return;
      }
      if (isGenerator(value)) value = await runGenerator(value, context);
      this.#answer(id, context, await encodeResult(value));
    } catch (thrown) {
      this.#fail(id, context, thrown);
    }
  }

  #answer(id: number, context: ChildContext, { json, attachments }: Awaited<ReturnType<typeof encodeResult>>): void {
    const max = this.#options.maxMessageBytes();
    let size = json.length;
    for (const { byteLength } of attachments) size += byteLength;
    if (size * 3 > max) size += Buffer.byteLength(json) - json.length + 4;
    if (size > max) {
      this.#fail(id, context, new ReturnValueError(`it returned ${size} bytes; the maximum is ${max}`));
      return;
    }
    this.#end(id, context);
    this.#options.sendJson(FROM_CHILD.RESULT, id, json, attachments);
    this.#idle();
  }

  #fail(id: number, context: ChildContext, thrown: unknown): void {
    this.#end(id, context);
    this.#options.send(FROM_CHILD.ERROR, id, errorBody(thrown));
    this.#idle();
  }

  #end(id: number, context: ChildContext): void {
    ChildContext.end(context);
    this.#running.delete(id);
  }

  #idle(): void {
    if (this.size === 0) this.#options.onIdle();
  }
}

const isThenable = (value: object): boolean => typeof (value as { then?: unknown }).then === 'function';
