/** Calls that wait for answers of their callers between two runs. */
import { randomUUID } from 'node:crypto';

import type { MountedCall, ParkingLot } from './mounted-call.js';

/** Milliseconds that a caller may take to answer. */
const WAIT_MS = 10 * 60_000;
/** Calls that may wait at once. */
const MAX_PARKED = 10_000;

/** The calls of one process that wait. */
export class ParkedCalls implements ParkingLot {
  readonly #calls = new Map<string, { call: MountedCall; timer: NodeJS.Timeout }>();

  park(call: MountedCall): string {
    if (this.#calls.size >= MAX_PARKED) {
      const [oldest] = this.#calls.values(); // a Map keeps the order of insertion
      oldest?.call.cancel('Too many calls wait for their callers.');
    }
    const key = randomUUID();
    const timer = setTimeout(() => call.cancel('The caller did not answer.'), WAIT_MS);
    timer.unref();
    this.#calls.set(key, { call, timer });
    return key;
  }

  drop(call: MountedCall): void {
    for (const [key, parked] of this.#calls) if (parked.call === call) this.#remove(key);
  }

  /** Takes a call out, for its next run. @throws Error if it is gone */
  take(key: string): MountedCall {
    const { call } = this.#calls.get(key) ?? {};
    if (call === undefined)
      throw new Error('the call that asked for this input has ended, or runs in another process: call again');
    this.#remove(key);
    return call;
  }

  #remove(key: string): void {
    clearTimeout(this.#calls.get(key)?.timer);
    this.#calls.delete(key);
  }
}
