/** Watches calls that were aborted: their child is killed if they do not end. */
import type { PendingCall } from './call.js';

/** Milliseconds after its abort in which a call may end before its child gets no new calls. */
const SUSPECT_MS = 250;

/** The aborted calls of one child. */
export class Aborts {
  readonly #graceMs: number;
  readonly #kill: (reason: string) => void;
  #suspects = 0;

  /**
   * @param graceMs milliseconds that a call may take to end
   * @param kill kills the child; the reason continues "the process was ended because"
   */
  constructor(graceMs: number, kill: (reason: string) => void) {
    this.#graceMs = graceMs;
    this.#kill = kill;
  }

  /** Whether a call has not ended a while after its abort: the child may be stuck. */
  get areSuspect(): boolean {
    return this.#suspects > 0;
  }

  /** Watches a call until its `onSettled` is called. */
  watch(call: PendingCall): void {
    let isSuspect = false;
    const suspect = setTimeout(
      () => {
        isSuspect = true;
        this.#suspects += 1;
      },
      Math.min(SUSPECT_MS, this.#graceMs),
    );
    const killer = setTimeout(() => {
      const since = call.endedBy === 'timed_out' ? 'its time limit' : 'it was cancelled';
      this.#kill(`a call of "${call.name}" did not end within ${this.#graceMs} ms after ${since}`);
    }, this.#graceMs);
    call.onSettled = () => {
      clearTimeout(suspect);
      clearTimeout(killer);
      if (isSuspect) this.#suspects -= 1;
    };
  }
}
