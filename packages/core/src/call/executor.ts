/**
 * Runs one function: checks its arguments, loads its code, and runs it with a signal and a time limit. It never throws; it
 * returns an {@link Outcome}. If the function is synchronous, the outcome is returned without a promise.
 */
import type { Awaitable } from '../base/awaitable.js';
import { isThenable } from '../base/awaitable.js';
import type { ToolDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { ResolvedFunction } from '../ports/runner.js';
import { DaemonError } from '../protocol/errors.js';
import type { Check, CheckResult } from '../schema/compile/compile-schema.js';
import { compileSchema } from '../schema/compile/compile-schema.js';
import { withoutBlobs } from './bytes.js';
import type { ContextSource } from './context.js';
import { FunctionContext } from './context.js';
import { isGenerator, runGenerator } from './generator.js';
import type { Linker } from './linker.js';
import type { Outcome } from './outcome.js';
import { failed, returned } from './outcome.js';
import type { Run } from './run.js';
import { createRunLimits } from './run-limits.js';
import { RunScope } from './scope.js';

/** Runs functions. */
export interface Executor {
  run(run: Run): Awaitable<Outcome>;
  /** Checks the arguments of a tool, and fills in defaults. @throws DaemonError if its schema cannot be compiled */
  check(definition: ToolDefinition, input: unknown): Awaitable<CheckResult>;
}

/** What {@link createExecutor} takes. */
export interface ExecutorOptions {
  linker: Linker;
  logger: Logger;
  /** Milliseconds, for definitions without their own time limit. */
  timeoutMs: number;
  /** Progress and log notifications of one call; later ones are dropped. */
  maxNotifications: number;
  /** Called when a function says that a resource has changed. */
  resourceUpdated: (partition: string, uri: string) => void;
}

/** The outcome of a function that returned. Blobs in its value are read first. */
function ended(value: unknown): Awaitable<Outcome> {
  try {
    const whole = withoutBlobs(value);
    return whole instanceof Promise ? whole.then(returned, failed) : returned(whole);
  } catch (cause) {
    return failed(cause); // a value that throws when it is inspected
  }
}

/** Calls a loaded function, and waits for its value. */
function invoke(resolved: ResolvedFunction, run: Run, scope: RunScope, context: FunctionContext): Awaitable<Outcome> {
  if (scope.isOver) return { kind: 'cancelled' }; // it ended while the code was loaded
  run.hooks?.started(resolved.digest);
  try {
    const value = resolved.call(run.input, context);
    if (isThenable(value))
      return Promise.resolve(value).then(
        (settled) => (isGenerator(settled) ? runGenerator(settled, context).then(ended) : ended(settled)),
        failed,
      );
    if (isGenerator(value)) return runGenerator(value, context).then(ended, failed);
    return ended(value);
  } catch (cause) {
    return failed(cause); // from the function, or from a value that throws when it is inspected
  }
}

const withInput = (run: Run, input: unknown): Run => (input === run.input ? run : { ...run, input });

/** Creates an executor. */
export function createExecutor(options: ExecutorOptions): Executor {
  const { linker, logger, timeoutMs, maxNotifications, resourceUpdated } = options;
  const checks = new WeakMap<ToolDefinition, Check>();
  const underLimits = createRunLimits({ timeoutMs, logger });

  function checkArguments(definition: ToolDefinition, input: unknown): Awaitable<CheckResult> {
    const { binding } = definition;
    if (binding.kind === 'inline' && binding.check) return binding.check(input);
    if (binding.kind === 'link' && binding.passThrough) return { ok: true, value: input }; // the other server checks them
    let check = checks.get(definition);
    if (check === undefined) checks.set(definition, (check = compileSchema(definition.inputSchema, { defaults: true })));
    return check(input);
  }

  function contextOf(run: Run, scope: RunScope): FunctionContext {
    const source: ContextSource = {
      callId: run.callId,
      request: run.request,
      inputs: run.inputs,
      state: run.state,
      variables: run.variables,
      counters: run.counters,
      maxNotifications,
      resourceUpdated: (uri) => resourceUpdated(run.request.exchange.partition, uri),
      signal: () => scope.signal,
      onEnd: (listener) => scope.onEnd(listener),
      printed: run.hooks?.printed,
    };
    return new FunctionContext(source);
  }

  /** Loads the code and calls it. */
  function launch(run: Run, scope: RunScope, context: FunctionContext): Awaitable<Outcome> {
    if (scope.isOver) return { kind: 'cancelled' }; // it ended while the arguments were checked
    const { binding } = run.definition;
    const resolved = linker.resolve(binding, run.request.exchange.partition);
    const intent = binding.kind === 'inline' && binding.effectFree === true ? undefined : run.hooks?.intent();
    return resolved instanceof Promise || intent !== undefined
      ? Promise.all([resolved, intent]).then(
          ([ready]) => invoke(ready, run, scope, context),
          (cause: unknown): Outcome => ({ kind: 'unavailable', cause }),
        )
      : invoke(resolved, run, scope, context);
  }

  function start(run: Run): Awaitable<Outcome> {
    const scope = new RunScope();
    const context = contextOf(run, scope);
    const outcome = launch(run, scope, context);
    if (outcome instanceof Promise) return underLimits(outcome, run, scope, context);
    FunctionContext.end(context);
    return outcome;
  }

  /** An asynchronous check is a part of the run: it also ends when the client cancels, and at the time limit. */
  function startChecked(run: Run, checking: Promise<CheckResult>): Promise<Outcome> {
    const scope = new RunScope();
    const context = contextOf(run, scope);
    const outcome = checking.then((checked): Awaitable<Outcome> => {
      if (!checked.ok) return { kind: 'invalid', problems: checked.problems };
      return launch(withInput(run, checked.value), scope, context);
    });
    return underLimits(outcome, run, scope, context);
  }

  return {
    check: checkArguments,
    run(run) {
      const { definition } = run;
      if (definition.kind !== 'tool') return start(run);
      try {
        const checked = checkArguments(definition, run.input);
        if (checked instanceof Promise) return startChecked(run, checked);
        return checked.ok ? start(withInput(run, checked.value)) : { kind: 'invalid', problems: checked.problems };
      } catch (cause) {
        // The check of a config file finds schemas that cannot be compiled. A schema from a program may get here.
        return cause instanceof DaemonError ? { kind: 'unavailable', cause } : failed(cause);
      }
    },
  };
}
