/** What the checks of runners share. */
import type { Awaitable } from '../base/awaitable.js';
import type { LinkBinding } from '../ports/definition.js';
import type { Runner } from '../ports/runner.js';

/** A runner under test, with a function that writes its code. */
export interface RunnerFixture {
  runner: Runner;
  /** The part of a link that names a module. The module need not exist. */
  link(module: string): Omit<LinkBinding, 'class_name' | 'function_name' | 'setting'>;
  /** Writes this code (an ES module) to where `link(module)` finds it, and replaces older code. */
  install(module: string, code: string): Awaitable<void>;
  /** Whether the runner has digests of code. */
  digests: boolean;
}

/** One check of a runner. */
export interface RunnerCheck {
  /** The requirement, as a sentence. */
  name: string;
  /**
   * Runs the check on a new runner, which it closes.
   *
   * @param open opens a runner without modules
   * @throws AssertionError if the runner does not do what `name` says
   */
  run(open: () => Awaitable<RunnerFixture>): Promise<void>;
}

/** The context of the checks' calls. The checks use only these members. */
export function contextOf(partition: string, signal: AbortSignal = new AbortController().signal): object {
  return { partition, callId: 'call-1', subject: 'ada', inputs: {}, state: undefined, signal, progress() {}, log() {} };
}
