/** Runs functions that need approval: loads what they need, and runs them when approval.ts allows it. */
import type { Awaitable } from '../base/awaitable.js';
import type { Rounds } from '../input/asker.js';
import { APPROVAL } from '../input/asker.js';
import type { StateStore } from '../ports/state.js';
import type { Limits } from '../protocol/limits.js';
import type { Gate } from './approval.js';
import type { Executor } from './executor.js';
import type { Outcome } from './outcome.js';
import type { RunningCall } from './running-call.js';

/** Runs a function without asking. */
type RunNow = (running: RunningCall, rounds: Rounds) => Awaitable<Outcome>;

/** What {@link createApprovedCalls} takes. */
export interface ApprovedCallsOptions {
  state: () => Promise<StateStore>;
  executor: Executor;
  limits: Limits;
}

/** The notes of a record, with who approved the call. */
export const withApproval = (approved: string, notes: string | null): string =>
  notes === null ? approved : `${approved}; ${notes}`;

/** Creates a function that runs calls which need approval. Nothing is loaded until the first one. It never rejects. */
export function createApprovedCalls({ state, executor, limits }: ApprovedCallsOptions) {
  let gate: Promise<(running: RunningCall, rounds: Rounds) => Promise<Gate>> | undefined;

  const load = (): Promise<(running: RunningCall, rounds: Rounds) => Promise<Gate>> =>
    (gate ??= import('./approval.js').then(({ createApprovals }) =>
      createApprovals({
        ...{ name: APPROVAL, state, approvalMs: limits.approvalMs },
        check: (definition, input) =>
          definition.kind === 'tool' ? executor.check(definition, input) : { ok: true, value: input },
      }),
    ));

  return async (running: RunningCall, rounds: Rounds, runNow: RunNow): Promise<Outcome> => {
    let passed: Gate;
    try {
      passed = await (await load())(running, rounds);
    } catch (cause) {
      return { kind: 'unavailable', cause }; // a schema that cannot be compiled
    }
    if (passed.kind === 'closed') return passed.outcome;
    const outcome = await runNow(running, passed.rounds);
    return outcome.kind === 'input_required' ? { ...outcome, rounds: passed.rounds } : outcome;
  };
}
