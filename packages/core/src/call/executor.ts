/**
 * Runs one function: checks its arguments, gets its code, runs it under a signal and a time limit. It never throws; what
 * happened is an {@link Outcome}. Answers that are there at once are given at once: no promise is made for them.
 */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { InputRequired } from '../input/requests.js';
import { isInputRequired } from '../input/requests.js';
import type { FunctionDefinition, ToolDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Check, CheckResult } from '../schema/compile/compile-schema.js';
import { compileSchema } from '../schema/compile/compile-schema.js';
import type { ContextSource, Told } from './context.js';
import { FunctionContext } from './context.js';
import type { Linked, Linker } from './linker.js';

/** How a run ended. */
export type Outcome =
  | { kind: 'value'; value: unknown }
  | { kind: 'input_required'; wish: InputRequired }
  /** The arguments do not fit the schema: something a model can correct. */
  | { kind: 'invalid'; problems: readonly string[] }
  /** The function failed by itself. */
  | { kind: 'error'; message: string; cause: unknown }
  /** There is no function to run. */
  | { kind: 'unavailable'; cause: unknown }
  | { kind: 'timed_out'; afterMs: number }
  | { kind: 'cancelled' };

/** One run. */
export interface Run {
  readonly definition: FunctionDefinition;
  /** Arguments of a tool or prompt, the URI of a resource. */
  readonly input: unknown;
  readonly request: RequestContext;
  readonly callId: string;
  readonly inputs: JsonObject;
  readonly state: unknown;
  readonly variables: Readonly<Record<string, string>>;
  readonly told: Told;
  readonly life?: RunLife;
}

/** What hears of a run, and may hold it up. */
export interface RunLife {
  /** What the function must wait for before it begins; undefined: nothing. */
  intent(): Promise<void> | undefined;
  /** The function begins, in code of this digest, where it has one. */
  started(digest: string | null): void;
}

/** Runs functions. */
export interface Executor {
  run(run: Run): Awaitable<Outcome>;
}

/** What {@link createExecutor} takes. */
export interface ExecutorOptions {
  linker: Linker;
  logger: Logger;
  /** Milliseconds, where a definition has none of its own. */
  timeoutMs: number;
  maxNotifications: number;
  resourceUpdated: (partition: string, uri: string) => void;
}

const MAX_MESSAGE = 2_000;

/** Milliseconds that a generator may hold the event loop: one that never waits would hold it for ever. */
const GENERATOR_HOLD_MS = 10;

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';

const isGenerator = (value: unknown): value is Iterator<unknown, unknown> | AsyncIterator<unknown, unknown> => {
  if (typeof value !== 'object' || value === null || typeof (value as { next?: unknown }).next !== 'function') return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
};

/** What was thrown, in words. @throws anything, for what cannot be told */
function inWords(thrown: unknown): string {
  if (thrown instanceof Error) return String(thrown.message || thrown.name);
  if (typeof thrown === 'string') return thrown;
  if (typeof thrown === 'function') return 'a function was thrown'; // its text is nobody's business
  return JSON.stringify(thrown) ?? String(thrown);
}

/** What a function threw, in words for the model: the message, never the trace. */
export function messageOf(thrown: unknown): string {
  let text: string;
  try {
    text = inWords(thrown);
  } catch {
    text = `a value that cannot be told was thrown (${typeof thrown})`; // a cycle, a BigInt, a getter that throws
  }
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}

/** The life of one run: its signal, and whether it is over. */
class Scope {
  #controller: AbortController | undefined;
  #over: 'cancelled' | 'timed_out' | undefined;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#over !== undefined) this.#abort();
    return this.#controller.signal;
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  end(why: 'cancelled' | 'timed_out'): void {
    this.#over = why;
    if (this.#controller !== undefined) this.#abort();
  }

  #abort(): void {
    this.#controller?.abort(
      new DOMException(`The call was ${this.#over === 'timed_out' ? 'out of time' : 'cancelled'}`, 'AbortError'),
    );
  }
}

/** A run that was not over when its turn of the event loop ended is put under its limits then; most never get that far. */
interface Pending {
  arm(): void;
}

/** Creates an executor. */
export function createExecutor(options: ExecutorOptions): Executor {
  const { linker, logger, timeoutMs, maxNotifications, resourceUpdated } = options;
  const checks = new WeakMap<ToolDefinition, Check>();
  let pending: Pending[] = [];

  const armPending = (): void => {
    const runs = pending;
    pending = [];
    for (const run of runs) run.arm();
  };

  function checkArguments(definition: ToolDefinition, input: unknown): Awaitable<CheckResult> {
    if (definition.binding.kind === 'inline' && definition.binding.check) return definition.binding.check(input);
    let check = checks.get(definition);
    if (check === undefined) checks.set(definition, (check = compileSchema(definition.inputSchema, { defaults: true })));
    return check(input);
  }

  const failed = (cause: unknown): Outcome => ({ kind: 'error', message: messageOf(cause), cause });
  const valueOutcome = (value: unknown): Outcome =>
    isInputRequired(value) ? { kind: 'input_required', wish: value } : { kind: 'value', value };

  /** Walks a generator: what it yields is progress, what it returns is the value. */
  async function drain(
    generator: Iterator<unknown, unknown> | AsyncIterator<unknown, unknown>,
    context: FunctionContext,
  ): Promise<unknown> {
    let count = 0;
    let since = performance.now();
    for (;;) {
      if (performance.now() - since > GENERATOR_HOLD_MS) {
        await new Promise<void>((resolve) => setImmediate(resolve));
        since = performance.now();
      }
      if (context.signal.aborted) {
        await generator.return?.();
        throw context.signal.reason;
      }
      const step = await generator.next();
      if (step.done) return step.value;
      count += 1;
      const told = step.value;
      if (typeof told === 'number') context.progress(told);
      else if (typeof told === 'string') context.progress(count, undefined, told);
      else if (typeof told === 'object' && told !== null) {
        const { progress = count, total, message } = told as { progress?: number; total?: number; message?: string };
        context.progress(progress, total, message);
      }
    }
  }

  /** Waits for a promise, but no longer than the client and the limit allow. */
  function underLimits(promise: PromiseLike<Outcome>, run: Run, scope: Scope, context: FunctionContext): Promise<Outcome> {
    return new Promise((resolve) => {
      let settled = false;
      let disarm = (): void => undefined;
      const settle = (outcome: Outcome): void => {
        if (settled) return;
        settled = true;
        disarm();
        FunctionContext.end(context);
        resolve(outcome);
      };
      const ended = (outcome: Outcome): void => {
        if (settled && outcome.kind === 'error') {
          logger.debug({ name: run.definition.name, error: outcome.message }, 'a function failed after its call had ended');
        }
        settle(outcome);
      };
      promise.then(ended, (cause: unknown) => ended(failed(cause)));
      const arm = (): void => {
        if (settled) return;
        const { signal } = run.request.exchange;
        const limit = run.definition.timeout_ms ?? timeoutMs;
        const cancel = (): void => {
          scope.end('cancelled');
          settle({ kind: 'cancelled' });
        };
        const timer = setTimeout(() => {
          scope.end('timed_out');
          settle({ kind: 'timed_out', afterMs: limit });
        }, limit);
        signal.addEventListener('abort', cancel, { once: true });
        disarm = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', cancel);
        };
        if (signal.aborted) cancel();
      };
      if (pending.push({ arm }) === 1) setImmediate(armPending);
    });
  }

  function invoke(linked: Linked, run: Run, scope: Scope, context: FunctionContext): Awaitable<Outcome> {
    if (scope.isOver) return { kind: 'cancelled' }; // while its code was loaded
    run.life?.started(linked.digest);
    try {
      const value = linked.call(run.input, context);
      if (isThenable(value))
        return Promise.resolve(value).then(
          (settled) => (isGenerator(settled) ? drain(settled, context).then(valueOutcome) : valueOutcome(settled)),
          failed,
        );
      if (isGenerator(value)) return drain(value, context).then(valueOutcome, failed);
      return valueOutcome(value);
    } catch (cause) {
      return failed(cause); // the function, or a value that cannot even be looked at
    }
  }

  function contextOf(run: Run, scope: Scope): FunctionContext {
    const source: ContextSource = {
      callId: run.callId,
      request: run.request,
      inputs: run.inputs,
      state: run.state,
      variables: run.variables,
      told: run.told,
      maxNotifications,
      resourceUpdated: (uri) => resourceUpdated(run.request.exchange.partition, uri),
      signal: () => scope.signal,
    };
    return new FunctionContext(source);
  }

  /** Gets the code and calls it. */
  function launch(run: Run, scope: Scope, context: FunctionContext): Awaitable<Outcome> {
    if (scope.isOver) return { kind: 'cancelled' }; // while its arguments were checked
    const linked = linker.resolve(run.definition.binding, run.request.exchange.partition);
    const intent = run.life?.intent();
    return linked instanceof Promise || intent !== undefined
      ? Promise.all([linked, intent]).then(
          ([ready]) => invoke(ready, run, scope, context),
          (cause: unknown): Outcome => ({ kind: 'unavailable', cause }),
        )
      : invoke(linked, run, scope, context);
  }

  const withInput = (run: Run, input: unknown): Run => (input === run.input ? run : { ...run, input });

  function start(run: Run): Awaitable<Outcome> {
    const scope = new Scope();
    const context = contextOf(run, scope);
    const outcome = launch(run, scope, context);
    if (outcome instanceof Promise) return underLimits(outcome, run, scope, context);
    FunctionContext.end(context);
    return outcome;
  }

  /** A check that takes its time is a part of the run: it ends with the client, and at the limit. */
  function startChecked(run: Run, checking: Promise<CheckResult>): Promise<Outcome> {
    const scope = new Scope();
    const context = contextOf(run, scope);
    const outcome = checking.then((checked): Awaitable<Outcome> => {
      if (!checked.ok) return { kind: 'invalid', problems: checked.problems };
      return launch(withInput(run, checked.value), scope, context);
    });
    return underLimits(outcome, run, scope, context);
  }

  return {
    run(run) {
      const { definition } = run;
      if (definition.kind !== 'tool') return start(run);
      try {
        const checked = checkArguments(definition, run.input);
        if (checked instanceof Promise) return startChecked(run, checked);
        return checked.ok ? start(withInput(run, checked.value)) : { kind: 'invalid', problems: checked.problems };
      } catch (cause) {
        // A schema that cannot be compiled is found when the config is checked; one given by a program may get here.
        return cause instanceof DaemonError ? { kind: 'unavailable', cause } : failed(cause);
      }
    },
  };
}
