/** The operations that are running: each ends when its client leaves, loses access or has waited too long, or when the server closes. */
import type { ServerResponse } from 'node:http';

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

/** One running operation. */
export class RunningOperation {
  readonly caller: Caller;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  /** Rejects when the operation has to end. */
  readonly #ended: Promise<never>;
  #lasts = false;
  #fail: (error: OperationEnded) => void = () => undefined;

  /** @param timeoutMs how long it may run */
  constructor(caller: Caller, timeoutMs: number) {
    this.caller = caller;
    this.#ended = new Promise((_resolve, reject) => (this.#fail = reject));
    this.#ended.catch(() => undefined); // where nobody waits for it
    const message = `The operation took longer than ${timeoutMs / 1_000} s.`;
    this.#timer = setTimeout(() => this.end({ status: 504, message }), timeoutMs).unref();
  }

  /** Aborted when the operation has to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the operation. Its work is told by the signal, and is not waited for. @param refusal undefined: the client has left */
  end(refusal: Refusal | undefined): void {
    if (this.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#fail(new OperationEnded(refusal));
    this.#controller.abort(abortReason(refusal === SHUTTING_DOWN ? 'server' : 'client'));
  }

  /** The result of a piece of work. @throws OperationEnded where the operation has to end before */
  until<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#ended]);
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
