/** The answers to a batch. They are sent together, so all of them are in memory until the last one is there. */
import { textOf } from '../protocol/encode.js';
import { DaemonError, toRpcError } from '../protocol/errors.js';
import type { Limits } from '../protocol/limits.js';
import type { JsonRpcResponse, RequestId } from '../protocol/messages.js';
import { SMALL_MESSAGE_BYTES } from '../protocol/scan.js';
import type { ByteBudget } from './byte-budget.js';

/** The answer to a request of a legacy client that is refused. */
export const refusal = (id: RequestId, error: DaemonError): JsonRpcResponse => ({
  jsonrpc: '2.0',
  id,
  error: toRpcError(error, 'legacy'),
});

/** Collects the answers to one batch. */
export interface BatchAnswers {
  /** The answer to a request that is not run because there is no room for more answers; undefined: there is room. */
  refuse(id: RequestId): JsonRpcResponse | undefined;
  /** Keeps an answer. @returns the answer; or an error in its place, if there is no room for it */
  keep(id: RequestId, answer: JsonRpcResponse | undefined): JsonRpcResponse | undefined;
  /** Gives the memory back: the answers are sent, or are not needed any more. */
  end(): void;
}

/** What {@link collectAnswers} takes. */
export interface BatchAnswersOptions {
  partition: string;
  subject: string;
  /** Where the answers are counted. */
  budget: ByteBudget;
  limits: Pick<Limits, 'maxResultBytes'>;
}

/** How large the answers of a batch may be together, in results of the largest size. */
const LARGEST_RESULTS = 2;

/** Begins to collect. Small answers are not counted: a batch has few enough of them. */
export function collectAnswers({ partition, subject, budget, limits }: BatchAnswersOptions): BatchAnswers {
  const max = LARGEST_RESULTS * limits.maxResultBytes;
  const taken: (() => void)[] = [];
  let kept = 0;
  let full: DaemonError | undefined;

  /** Takes memory for an answer. @throws DaemonError `overloaded` */
  function take(size: number): void {
    if (kept + size > max) {
      const why = `The answers of a batch may have ${max} characters together. Send fewer requests.`;
      throw new DaemonError('overloaded', why);
    }
    taken.push(budget.take(partition, subject, size));
    kept += size;
  }

  return {
    refuse: (id) => (full === undefined ? undefined : refusal(id, full)),
    keep(id, answer) {
      const size = answer !== undefined && 'result' in answer ? (textOf(answer.result)?.length ?? 0) : 0;
      if (size <= SMALL_MESSAGE_BYTES) return answer;
      try {
        take(size);
        return answer;
      } catch (error) {
        if (!(error instanceof DaemonError)) throw error;
        full ??= error;
        return refusal(id, error);
      }
    },
    end() {
      for (const giveBack of taken.splice(0)) giveBack();
    },
  };
}
