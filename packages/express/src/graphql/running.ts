/** The operations that are running: each ends when its client leaves, loses access or has waited too long, or when the server closes. */
import type { ServerResponse } from 'node:http';

import type { Awaitable } from '@mcp-daemon/core';
import { abortReason } from '@mcp-daemon/core';

import type { Caller } from '../wire/caller.js';
import { isRevoked } from '../wire/caller.js';
import { REVOKED, SHUTTING_DOWN } from '../wire/failure.js';
import { MAX_TIMER_MS } from '../wire/options.js';
import type { Refusal } from '../wire/respond.js';
import { UserCounts } from '../wire/user-counts.js';

/** Thrown where an operation has to end before it has given a result. */
export class OperationEnded extends Error {
  /** What the client is told. Undefined: it has left. */
  readonly refusal: Refusal | undefined;

  constructor(refusal: Refusal | undefined) {
    super(refusal?.message ?? 'the client has left');
    this.refusal = refusal;
  }
}

/** One running operation. What most operations do not need, because their result is there at once, is made when it is needed. */
export class RunningOperation {
  readonly caller: Caller;
  readonly #timeoutMs: number;
  #controller: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Ends the wait for the pieces of work that are running. */
  readonly #waiting = new Set<(ended: OperationEnded) => void>();
  #ended: OperationEnded | undefined;
  #lasts = false;

  /** @param timeoutMs how long it may run, from the first result that it has to wait for */
  constructor(caller: Caller, timeoutMs: number) {
    this.caller = caller;
    this.#timeoutMs = timeoutMs;
  }

  /** Aborted when the operation has to end. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#ended !== undefined) this.#abort(this.#ended);
    }
    return this.#controller.signal;
  }

  #abort({ refusal }: OperationEnded): void {
    this.#controller?.abort(abortReason(refusal === SHUTTING_DOWN ? 'server' : 'client'));
  }

  /** Ends the operation. Its work is told by the signal, and is not waited for. @param refusal undefined: the client has left */
  end(refusal: Refusal | undefined): void {
    if (this.#ended !== undefined) return;
    clearTimeout(this.#timer);
    const ended = (this.#ended = new OperationEnded(refusal));
    for (const stop of this.#waiting) stop(ended);
    this.#waiting.clear();
    this.#abort(ended);
  }

  /** Begins the time limit, once. */
  #limit(): void {
    if (this.#timer !== undefined || this.#lasts) return;
    const message = `The operation took longer than ${this.#timeoutMs / 1_000} s.`;
    this.#timer = setTimeout(() => this.end({ status: 504, message }), this.#timeoutMs).unref();
  }

  /** The result of a piece of work: at once if it is there. @throws OperationEnded if the operation has to end before */
  until<T>(work: Promise<T>): Promise<T>;
  until<T>(work: Awaitable<T>): Awaitable<T>;
  until<T>(work: Awaitable<T>): Awaitable<T> {
    if (!(work instanceof Promise)) return work;
    this.#limit();
    return new Promise((resolve, reject) => {
      if (this.#ended === undefined) this.#waiting.add(reject);
      else reject(this.#ended);
      work.then(
        (result) => {
          this.#waiting.delete(reject);
          resolve(result);
        },
        (error: unknown) => {
          this.#waiting.delete(reject);
          reject(error as Error);
        },
      );
    });
  }

  /** Ends its time limit: its answer has been sent. Cheaper than `end`, which makes errors. */
  finish(): void {
    clearTimeout(this.#timer);
  }

  /** Whether it has become a stream. */
  get lasts(): boolean {
    return this.#lasts;
  }

  /** From here on the operation is a stream: it has no time limit, and the server does not wait for it when it closes. */
  last(): void {
    this.#lasts = true;
    clearTimeout(this.#timer);
  }
}

/** What {@link createRunningOperations} takes. */
export interface RunningOptions {
  /** How many operations of one user may be running in one partition. */
  maxPerUser: number;
  /** How long one operation may take. */
  timeoutMs: number;
}

/** All operations of a server. */
export interface RunningOperations {
  /** Begins an operation, which ends at the latest with its response. @returns a refusal where the user has too many */
  begin(caller: Caller, res: ServerResponse): RunningOperation | Refusal;
  /** Ends the operations of callers who have lost access. */
  endRevoked(): void;
  /** Whether any operation is running, streams included. */
  readonly isBusy: boolean;
  /** Ends all streams, waits up to `drainMs` for the other operations, then ends the rest. */
  close(drainMs: number): Promise<void>;
}

const RETRY_AFTER_S = '1';

/** Creates the set of running operations. */
export function createRunningOperations({ maxPerUser, timeoutMs }: RunningOptions): RunningOperations {
  const running = new Set<RunningOperation>();
  const byUser = new UserCounts();
  let onEmpty: (() => void) | undefined;

  return {
    begin(caller, res) {
      if (byUser.of(caller) >= maxPerUser) {
        const message = `More than ${maxPerUser} GraphQL operations of one user are running; wait for their answers.`;
        return { status: 429, message, headers: { 'retry-after': RETRY_AFTER_S } };
      }
      const operation = new RunningOperation(caller, timeoutMs);
      const uncount = byUser.take(caller);
      running.add(operation);
      res.once('close', () => {
        uncount();
        running.delete(operation);
        if (res.writableFinished) operation.finish();
        else operation.end(undefined);
        if (running.size === 0) onEmpty?.();
      });
      return operation;
    },
    endRevoked() {
      for (const operation of [...running]) if (isRevoked(operation.caller)) operation.end(REVOKED);
    },
    get isBusy() {
      return running.size > 0;
    },
    async close(drainMs) {
      for (const operation of [...running]) if (operation.lasts) operation.end(SHUTTING_DOWN);
      if (running.size === 0) return;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.min(drainMs, MAX_TIMER_MS))));
      await Promise.race([new Promise<void>((resolve) => (onEmpty = resolve)), late]);
      clearTimeout(timer);
      for (const operation of [...running]) operation.end(SHUTTING_DOWN);
    },
  };
}
