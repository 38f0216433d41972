/** One call that holds its idempotency key: the entry of the key, from the start of the call to its end. */
import type { Awaitable } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import { uuidv7 } from '../base/uuid.js';
import type { Logger } from '../ports/logger.js';
import type { StateEntry, StateStore } from '../ports/state.js';
import { MAX_STATE_BYTES } from '../ports/state.js';
import type { DetachedExchange } from './detached-exchange.js';
import type { About } from './idempotency-entry.js';
import { isRepeatable } from './idempotency-entry.js';
import type { Outcome } from './outcome.js';
import type { FoundCall, HeldKey } from './running-call.js';

/** What the held keys of one store depend on. */
export interface HeldTools {
  readonly store: StateStore;
  readonly logger: Logger;
  /** JSON text of a result. */
  encode(result: JsonObject): string;
  readonly keepMs: number;
  readonly leaseMs: number;
  now(): number;
  /**
   * Called once, when the entry says how the call has ended.
   *
   * @param bytes size of the entry; undefined: it was removed
   */
  onEnd(where: HeldPlace, held: HeldEntry, bytes: number | undefined): void;
}

/** Which entry it is, and of which call. */
export interface HeldPlace {
  readonly partition: string;
  /** The beginning of the places of all entries of the caller. */
  readonly prefix: string;
  readonly place: string;
  readonly about: About;
  readonly call: FoundCall;
  readonly exchange: DetachedExchange;
}

/** How long a repeated round of questions gets the same questions. Later it asks anew, because their state expires. */
const ASKED_AGAIN_MS = 60_000;
/** When a result that could not be stored is written again. */
const WRITE_AGAIN_MS = [200, 1_000, 5_000, 20_000];

/**
 * What becomes of the entry of a call that has ended. As usual for idempotency keys, what a run has done is kept, failures too;
 * a call that was refused before its function began has done nothing, so it may be sent again, corrected or later.
 *
 * @param answered whether the client gets a result
 * @param began whether the function has begun
 * @param repeatable whether the function may run again when it is not known what a run has done
 */
export function fateOf(
  outcome: Outcome,
  { answered, began, repeatable }: { answered: boolean; began: boolean; repeatable: boolean },
): 'done' | 'asking' | 'removed' | 'unknown' {
  switch (outcome.kind) {
    case 'value':
    case 'timed_out':
      return began ? 'done' : 'removed';
    case 'error':
      return began && outcome.unanswered !== true ? 'done' : 'removed';
    case 'input_required':
      return answered ? 'asking' : 'removed';
    case 'declined':
      return outcome.final ? 'done' : 'removed';
    case 'cancelled':
      return began && !repeatable ? 'unknown' : 'removed';
    default:
      return 'removed';
  }
}

/** Stands for a result that no store takes. */
function tooLarge(bytes: number): string {
  const text = `The first call with this idempotency key has ended, but its result of ${bytes} bytes is too large to be kept.`;
  return JSON.stringify({ content: [{ type: 'text', text }], isError: true });
}

const inText = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A key that a call of this process holds. With a store that answers at once, everything here is done at once. */
export class HeldEntry implements HeldKey {
  readonly callId = uuidv7();
  began = false;
  readonly #tools: HeldTools;
  readonly #where: HeldPlace;
  #version = '';
  #writtenAt = 0;
  #renewing: Promise<void> | undefined;
  #hasEnded = false;
  #ending: Promise<void> | undefined;
  #isSettled = false;
  #waiters: (() => void)[] | undefined;

  constructor(where: HeldPlace, tools: HeldTools) {
    this.#where = where;
    this.#tools = tools;
  }

  /** The end of the call is known, and is stored, or is being stored. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves when the entry says how the call has ended. */
  settled(): Promise<void> {
    return this.#isSettled ? Promise.resolve() : new Promise((resolve) => (this.#waiters ??= []).push(resolve));
  }

  /**
   * Writes the entry that says that the call runs.
   *
   * @param expected the version of the entry that it replaces; null: there must be none
   * @returns whether this call holds the key
   */
  take(expected: string | null): Awaitable<boolean> {
    this.#writtenAt = this.#tools.now();
    const put = this.#put(this.#runningText(), expected);
    return put instanceof Promise ? put.then((entry) => this.#holds(entry)) : this.#holds(put);
  }

  /** Writes the entry again before other processes believe that this one is gone. */
  renew(): void {
    const { now, leaseMs, logger } = this.#tools;
    if (this.#hasEnded || this.#renewing !== undefined || now() - this.#writtenAt < leaseMs / 3) return;
    const before = this.#writtenAt;
    this.#writtenAt = now();
    const put = async (): Promise<void> => void this.#holds(await this.#put(this.#runningText(), this.#version));
    this.#renewing = put()
      .catch((error: unknown) => {
        this.#writtenAt = before;
        logger.warn({ error: inText(error) }, 'an idempotency key could not be renewed; it is tried again');
      })
      .finally(() => (this.#renewing = undefined));
  }

  settle(outcome: Outcome, result: JsonObject | undefined): Awaitable<void> {
    if (this.#hasEnded) return this.#ending;
    this.#hasEnded = true;
    const text = this.#endText(outcome, result);
    const ending = this.#renewing === undefined ? this.#end(text) : this.#renewing.then(() => this.#end(text));
    if (ending instanceof Promise) this.#ending = ending;
    return ending;
  }

  /** Ends the call, because the server shuts down. */
  abort(): void {
    this.#where.exchange.abort('server');
  }

  #runningText(): string {
    return this.#where.about.text('running', this.callId, this.#writtenAt + this.#tools.leaseMs);
  }

  /** The text of the entry of a call that has ended; undefined: the entry is removed. */
  #endText(outcome: Outcome, result: JsonObject | undefined): string | undefined {
    const { began, callId } = this;
    const { about, call } = this.#where;
    const repeatable = outcome.kind === 'cancelled' && isRepeatable(call);
    const fate = fateOf(outcome, { answered: result !== undefined, began, repeatable });
    if (fate === 'removed') return undefined;
    const kept = result === undefined || fate === 'unknown' ? undefined : this.#tools.encode(result);
    const until = fate === 'asking' ? this.#tools.now() + ASKED_AGAIN_MS : undefined;
    const text = about.text(fate, callId, until, kept);
    const bytes = text.length * 3 > MAX_STATE_BYTES ? Buffer.byteLength(text) : 0;
    return bytes > MAX_STATE_BYTES ? about.text(fate, callId, undefined, tooLarge(bytes)) : text;
  }

  #holds(entry: StateEntry | undefined): boolean {
    if (entry !== undefined) this.#version = entry.version;
    return entry !== undefined;
  }

  #put(text: string, expected: string | null): Awaitable<StateEntry | undefined> {
    const { store, now, keepMs } = this.#tools;
    const { partition, place } = this.#where;
    return store.put(partition, place, text, { expected, expires_at: now() + keepMs });
  }

  /** Writes the end of the call, and says so to those who wait for it. It never fails. @param text undefined: the entry is removed */
  #end(text: string | undefined): Awaitable<void> {
    try {
      const written = this.#write(text);
      if (!(written instanceof Promise)) return this.#written(text, written);
      return written.then(
        (entry) => this.#written(text, entry),
        (error: unknown) => this.#notWritten(text, error),
      );
    } catch (error) {
      return this.#notWritten(text, error);
    }
  }

  /** @returns the entry, or whether it was removed; undefined: another call has taken it over */
  #write(text: string | undefined): Awaitable<StateEntry | boolean | undefined> {
    if (text !== undefined) return this.#put(text, this.#version);
    const { partition, place } = this.#where;
    return this.#tools.store.delete(partition, place, this.#version);
  }

  #written(text: string | undefined, entry: StateEntry | boolean | undefined): void {
    if (entry === undefined)
      this.#tools.logger.warn(
        { callId: this.callId },
        'an idempotency key was taken over by another call: this process has not renewed it in time',
      );
    this.#tell(text);
  }

  #notWritten(text: string | undefined, error: unknown): void {
    const { logger } = this.#tools;
    logger.error({ callId: this.callId, error: inText(error) }, 'the result of a call with an idempotency key is not stored yet');
    this.#writeLater(text, 0);
    this.#tell(text);
  }

  #tell(text: string | undefined): void {
    this.#isSettled = true;
    if (this.#waiters !== undefined) for (const tell of this.#waiters) tell();
    this.#tools.onEnd(this.#where, this, text?.length);
  }

  /** The answer does not wait for this: the client would lose it, too. */
  #writeLater(text: string | undefined, attempt: number): void {
    const delay = WRITE_AGAIN_MS[attempt];
    if (delay === undefined) return;
    const again = async (): Promise<void> => void (await this.#write(text));
    setTimeout(() => void again().catch(() => this.#writeLater(text, attempt + 1)), delay).unref();
  }
}
