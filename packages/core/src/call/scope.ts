/** The life of one run: its signal, and whether the call is over. */

/** Why a run is ended before its function has ended. */
export type EndedBy = 'cancelled' | 'timed_out';

/** One run's signal. The controller is made when the signal is first asked for: most functions never look at it. */
export class RunScope {
  #controller: AbortController | undefined;
  #over: EndedBy | undefined;

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

  /** Ends the run. */
  end(by: EndedBy): void {
    this.#over = by;
    if (this.#controller !== undefined) this.#abort();
  }

  #abort(): void {
    this.#controller?.abort(
      new DOMException(`The call was ${this.#over === 'timed_out' ? 'out of time' : 'cancelled'}`, 'AbortError'),
    );
  }
}
