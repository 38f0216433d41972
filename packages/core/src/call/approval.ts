/**
 * Asks the user before a function runs. Loaded at the first call of a function that may need approval.
 *
 *     not asked yet        ->  the call ends (modern) or waits (legacy) with a question
 *     asked, and approved  ->  runs; what the function asks itself is carried along with the approval
 *     asked, and declined  ->  ends with an error for the model
 *
 * The state that the client carries is sealed for caller, function and arguments (input/state.ts). This file adds the rest: it holds
 * for one revision of the catalog and for a time, and each state is good for one round, because its nonce is written to the store
 * before the function runs.
 */
import { randomBytes } from 'node:crypto';

import type { Awaitable } from '../base/awaitable.js';
import { isObject } from '../base/json.js';
import type { Rounds } from '../input/asker.js';
import { elicit } from '../input/requests.js';
import type { CarriedApproval } from '../input/state.js';
import type { FunctionDefinition } from '../ports/definition.js';
import type { StateStore } from '../ports/state.js';
import type { CheckResult } from '../schema/types.js';
import { approvalMessage } from './approval-message.js';
import { needsApproval } from './approval-needed.js';
import type { Outcome } from './outcome.js';
import type { RunningCall } from './running-call.js';

/** What follows for a call: it runs with these rounds, or it ends (or asks) with this outcome. */
export type Gate = { kind: 'open'; rounds: Rounds } | { kind: 'closed'; outcome: Outcome };

/** What approvals depend on. */
export interface ApprovalTools {
  /** Name of the question among the requests for input. */
  name: string;
  state: () => Promise<StateStore>;
  /** Checks the arguments of a tool, and fills in defaults. */
  check: (definition: FunctionDefinition, input: unknown) => Awaitable<CheckResult>;
  /** How long an approval may take, in milliseconds. */
  approvalMs: number;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

/** Prefix of used approvals in the store. */
const PREFIX = 'approval/';
/** They are kept a little longer than they are valid, because the clocks of two processes differ. */
const MARGIN_MS = 60_000;
const NONCE_BYTES = 16;
const RETRY_MS = 1_000;

const closed = (outcome: Outcome): Gate => ({ kind: 'closed', outcome });

const USED =
  'requestState was refused: its approval was used already, and holds for one call. Send the request again without it.';

/** Who answered and when, for the record. */
const signed = (what: string, { call }: RunningCall, at: number): string =>
  `${what} by ${call.request.exchange.subject} at ${new Date(at).toISOString()}`;

/** Creates the gate that every call of a function with `approve` passes. */
export function createApprovals(tools: ApprovalTools): (running: RunningCall, rounds: Rounds) => Promise<Gate> {
  const { name, state, check, approvalMs, now = Date.now } = tools;

  const fresh = (step: CarriedApproval['step'], revision: string, by?: string): CarriedApproval => ({
    ...{ step, nonce: randomBytes(NONCE_BYTES).toString('base64url'), until: now() + approvalMs, revision },
    ...(by === undefined ? {} : { by }),
  });

  /** Without the answer to our own question: functions get their own answers only. */
  function ownInputs({ inputs }: Rounds): Rounds['inputs'] {
    if (!Object.hasOwn(inputs, name)) return inputs;
    const { [name]: _, ...own } = inputs;
    return own;
  }

  function ask({ call, snapshot }: RunningCall, rounds: Rounds, input: unknown): Gate {
    const question = elicit(approvalMessage(call.definition, input), { type: 'object', properties: {} });
    const { state: kept } = rounds;
    const wish = {
      resultType: 'input_required' as const,
      inputRequests: { [name]: question },
      ...(kept === undefined ? {} : { state: kept }),
    };
    const next: Rounds = { ...rounds, inputs: ownInputs(rounds), approval: fresh('asked', snapshot.revision) };
    return closed({ kind: 'input_required', wish, rounds: next });
  }

  /**
   * Marks a state as used. Within one legacy call it never leaves this process, so there is nothing to mark.
   *
   * @returns undefined if it may be used; else the end of the call
   */
  async function spend({ call }: RunningCall, { nonce, until }: CarriedApproval): Promise<Gate | undefined> {
    if (call.request.caller.era === 'legacy') return undefined;
    try {
      const { partition } = call.request.exchange;
      const expires_at = until + MARGIN_MS;
      const entry = await (await state()).put(partition, PREFIX + nonce, '', { expected: null, expires_at });
      return entry === undefined ? closed({ kind: 'stale', message: USED }) : undefined;
    } catch {
      const message = 'The approval cannot be stored now, so the call was not made. Send the same answer again.';
      return closed({ kind: 'refused', message, retryAfterMs: RETRY_MS });
    }
  }

  /** The end of a call that the user did not approve. */
  function declined(running: RunningCall, final: boolean): Gate {
    const { name: called } = running.call.definition;
    const notes = signed(final ? 'approval declined' : 'approval not given', running, now());
    const message = final
      ? `The user declined to run "${called}" with these arguments. It did not run. Do not try it again unless the user asks for it.`
      : `The user closed the question whether "${called}" may run. It did not run. Ask the user what to do.`;
    return closed({ kind: 'declined', message, notes, final });
  }

  /** A call with a valid state. */
  async function proceed(running: RunningCall, rounds: Rounds, approval: CarriedApproval): Promise<Gate> {
    const { snapshot } = running;
    let { by } = approval;
    const spent = await spend(running, approval);
    if (spent !== undefined) return spent;
    if (approval.step === 'asked') {
      const answer = rounds.inputs[name];
      const action = isObject(answer) ? answer['action'] : undefined;
      if (action !== 'accept') return declined(running, action === 'decline');
      by = signed('approved', running, now());
    }
    if (by !== undefined) running.approved = by;
    return { kind: 'open', rounds: { ...rounds, inputs: ownInputs(rounds), approval: fresh('given', snapshot.revision, by) } };
  }

  return async (running, rounds) => {
    const { call, snapshot } = running;
    const { definition } = call;
    const checked: CheckResult =
      definition.kind === 'tool' ? await check(definition, call.input) : { ok: true, value: call.recorded };
    // Nobody is asked about arguments that the function would refuse.
    if (!checked.ok) return closed({ kind: 'invalid', problems: checked.problems });
    const { approval } = rounds;
    if (approval === undefined || approval.revision !== snapshot.revision || approval.until <= now()) {
      return needsApproval(definition, checked.value) ? ask(running, rounds, checked.value) : { kind: 'open', rounds };
    }
    // A state without an answer asks again: the client may have lost the question.
    if (approval.step === 'asked' && rounds.inputs[name] === undefined) return ask(running, rounds, checked.value);
    return proceed(running, rounds, approval);
  };
}
