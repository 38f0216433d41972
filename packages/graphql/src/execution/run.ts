/** One run of a plan: its variables, and what it waits for. */

import type { VariableValues } from './variables.js';

/** One run of a plan. */
export class Run {
  readonly context: unknown;
  readonly variables: VariableValues;
  /** The arguments of fields whose arguments have variables, by the place of the field in the plan. */
  readonly args: object[] = [];
  #waiting = 0;
  #failure: { readonly error: unknown } | undefined;
  #resolve: (() => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(context: unknown, variables: VariableValues) {
    this.context = context;
    this.variables = variables;
  }

  /** Whether a value is still missing. */
  get isWaiting(): boolean {
    return this.#waiting > 0 || this.#failure !== undefined;
  }

  /** Waits for a value. @param then gets it, unless the run has failed; what it throws fails the run */
  wait(value: PromiseLike<unknown>, then: (value: unknown) => void): void {
    this.#waiting += 1;
    value.then(
      (later) => {
        if (this.#failure !== undefined) return;
        try {
          then(later);
        } catch (error) {
          return this.#fail(error);
        }
        this.#waiting -= 1;
        if (this.#waiting === 0) this.#resolve?.();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  /** Resolves when all values are there. Rejects with the first error. Call it once. */
  end(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) reject(this.#failure.error);
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#reject?.(error);
  }
}
