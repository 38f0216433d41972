/** The state of one run: its signal, and whether the run was ended. */

/** Why a run is ended before its function returns. */
export type RunEndedBy = 'cancelled' | 'timed_out';

/** One run's signal. The controller is created at the first use: most functions never use it. */
export class RunScope {
  #controller: AbortController | undefined;
  #over: RunEndedBy | undefined;
  #listener: ((by: RunEndedBy) => void) | undefined;

  /** Aborted when the run is ended. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#over !== undefined) this.#abort();
    return this.#controller.signal;
  }

  /** Whether the run was ended. */
  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** Calls the listener when the run is ended, or at once if it was. There is one listener. */
  onEnd(listener: (by: RunEndedBy) => void): void {
    if (this.#over === undefined) this.#listener = listener;
    else listener(this.#over);
  }

  /** Ends the run. */
  end(by: RunEndedBy): void {
    this.#over = by;
    this.#listener?.(by);
    if (this.#controller !== undefined) this.#abort();
  }

  #abort(): void {
    this.#controller?.abort(
      new DOMException(`The call ${this.#over === 'timed_out' ? 'reached its time limit' : 'was cancelled'}`, 'AbortError'),
    );
  }
}
