/**
 * One call, from its parameters to its result. Read this file first.
 *
 *     find the function  ->  begin a record  ->  run it  ->  settle the record  ->  answer
 *      find.ts                recorder            executor    recorder              endings.ts
 *
 *     A call with an idempotency key runs inside `keyed-calls.ts`, which gives its result to every repetition.
 *     A call that may become a task is made by `long-calls.ts`, which waits for a part of this only.
 *     Between its record and its run, a function with a quota waits for it (quotas.ts), and one that needs an approval asks the
 *     user (approved-calls.ts); either may refuse the call.
 *
 *     During a run the executor calls back into the recorder: the function does not start before `intent` allows it (its
 *     `in_process` row is committed), and `started` adds the digest of its code to the record.
 *     A function that asks for input ends a modern call with a result that says so. For a legacy client the daemon asks, and
 *     runs the function again with the answers.
 */
import type { Awaitable } from '../base/awaitable.js';
import { andThen } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { Catalog } from '../catalog/catalog.js';
import type { Snapshot } from '../catalog/snapshot.js';
import type { EventBus } from '../events/bus.js';
import type { InputAsker, Rounds } from '../input/asker.js';
import type { CallRecord } from '../ports/calls.js';
import type { CatalogDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import type { StateStore } from '../ports/state.js';
import { invalidParams } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import type { ServerInfo } from '../protocol/server-info.js';
import { keepPrinted } from '../records/printed.js';
import type { Recorder } from '../records/recorder.js';
import type { Skills } from '../skills/skills.js';
import { announceEnd, announceStart } from './announce.js';
import { createApprovedCalls, withApproval } from './approved-calls.js';
import type { EndingTools } from './endings.js';
import { endingOf } from './endings.js';
import type { Executor } from './executor.js';
import { findPrompt, findResource, findTool } from './find.js';
import { idempotencyKeyOf } from './idempotency-key.js';
import { createKeyedCalls } from './keyed-calls.js';
import type { LongCalls } from './long-calls.js';
import { CALL_URI, mayBeLong } from './long-calls.js';
import type { Outcome } from './outcome.js';
import { messageOf } from './outcome.js';
import { nameOf } from './parameters.js';
import type { Quotas } from './quotas.js';
import type { FoundCall, HeldKey, RunningCall } from './running-call.js';

/** The three methods that run user code. They return undefined if the call was cancelled: there is no answer. */
export interface Calls {
  /** `tools/call`. @throws DaemonError `invalid_params`, `insufficient_scope`, `invalid_request_state`, `missing_client_capability` */
  tool(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
  /** `resources/read`. @throws as `tool`, and `resource_not_found`, `internal_error` */
  resource(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
  /** `prompts/get`. @throws as `tool`, and `internal_error` */
  prompt(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
  /** Number of running calls. */
  readonly inFlight: number;
  /** Number of calls that have ended. */
  readonly ended: number;
  /** Waits for calls that go on after their clients have left, for at most `ms`. Those have an idempotency key. */
  drain(ms: number): Promise<void>;
  /** Ends the calls that `drain` waits for, because the server shuts down. */
  end(): Promise<void>;
}

/** What {@link createCalls} takes. */
export interface CallsOptions {
  catalog: Catalog;
  executor: Executor;
  recorder: Recorder;
  asker: InputAsker;
  quotas: Quotas;
  longCalls: LongCalls;
  skills: Skills;
  /** Where keys and used approvals are kept. */
  state: () => Promise<StateStore>;
  /** The record of a call; undefined: it has none. */
  record: (partition: string, callId: string) => Promise<CallRecord | undefined>;
  /** Gets the events of calls, if it has listeners. */
  bus: EventBus;
  info: ServerInfo;
  limits: Limits;
  /** Whether clients get the reason why code could not be loaded. */
  explainFailures: boolean;
  /** Whether arguments that hosts add by themselves are dropped; see host-arguments.ts. */
  dropHostArguments: boolean;
  logger: Logger;
}

/** Resolves when the record of a call and its idempotency key are stored. Neither promise rejects. */
async function bothStored(committed: Promise<void>, kept: Promise<void>): Promise<void> {
  await kept;
  await committed;
}

/** Creates the call path of a daemon. */
export function createCalls(options: CallsOptions): Calls {
  const { catalog, executor, recorder, asker, quotas, skills, longCalls, state, bus, info, limits, logger } = options;
  const { explainFailures, dropHostArguments, record } = options;
  const runApproved = createApprovedCalls({ state, executor, limits });
  const keyed = createKeyedCalls({ state, record, info, limits, logger });
  const tools: EndingTools = { asker, info, logger, maxResultBytes: limits.maxResultBytes, explainFailures };
  let inFlight = 0;
  let ended = 0;

  /** Begins the record of a call. @throws DaemonError `invalid_params`, `invalid_request_state` */
  function begin(call: FoundCall, snapshot: Snapshot, key: HeldKey | undefined): RunningCall {
    const rounds = asker.open(call);
    const { definition, type, recorded, request } = call;
    const ticket = recorder.begin(definition, type, recorded, request, snapshot.revision, key?.callId);
    inFlight += 1;
    if (ticket.row !== undefined) request.exchange.recorded?.(ticket.callId);
    call.conversation?.begun(ticket);
    return {
      call,
      snapshot,
      rounds,
      ticket,
      counters: { progress: -Infinity, notifications: 0 },
      hooks: {
        intent: () => recorder.intent(ticket),
        started(digest) {
          if (key !== undefined) key.began = true;
          recorder.started(ticket, digest);
        },
        printed: (text) => keepPrinted(ticket, text),
      },
      key,
    };
  }

  function execute(running: RunningCall, rounds: Rounds): Awaitable<Outcome> {
    return running.call.definition.approve === undefined ? runNow(running, rounds) : runApproved(running, rounds, runNow);
  }

  function runNow({ call, ticket, counters, hooks }: RunningCall, rounds: Rounds): Awaitable<Outcome> {
    const { definition, input, request, variables } = call;
    const { inputs, state } = rounds;
    return executor.run({ definition, input, request, variables, callId: ticket.callId, inputs, state, counters, hooks });
  }

  /** Runs the function when its quotas admit it. @param counts whether it is a new call, not another run of one */
  async function executeWithin(running: RunningCall, rounds: Rounds, counts: boolean): Promise<Outcome> {
    const { definition, request } = running.call;
    const { partition, subject, signal } = request.exchange;
    const waitMs = definition.timeout_ms ?? limits.timeoutMs;
    const { quotas: ofCatalog } = running.snapshot.definition;
    const answer = await quotas.enter({ partition, subject, definition, quotas: ofCatalog, counts, signal, waitMs });
    if (answer.kind === 'gave_up') return { kind: 'cancelled' };
    if (answer.kind === 'refused') return answer;
    try {
      return await execute(running, rounds);
    } finally {
      answer.leave();
    }
  }

  function runOnce(running: RunningCall, rounds: Rounds, counts: boolean): Awaitable<Outcome> {
    return quotas.concerns(running.call.definition, running.snapshot.definition.quotas)
      ? executeWithin(running, rounds, counts)
      : execute(running, rounds);
  }

  /** Asks the client, of a legacy call or in a task, and runs the function again with the answers. */
  async function converse(running: RunningCall, first: Outcome): Promise<Outcome> {
    const { call } = running;
    let outcome = first;
    let { rounds } = running;
    while (outcome.kind === 'input_required') {
      try {
        const before = outcome.rounds ?? rounds;
        const interview = call.conversation?.interview(call, outcome.wish, before);
        if (interview === undefined && call.request.caller.era === 'modern') return outcome; // it is the answer
        rounds = await (interview ?? asker.interview(call, outcome.wish, before));
        running.answers = rounds.inputs;
      } catch (cause) {
        if (call.request.exchange.signal.aborted) return { kind: 'cancelled' };
        return { kind: 'error', message: messageOf(cause), cause, unanswered: true };
      }
      outcome = await runOnce(running, rounds, false);
    }
    return outcome;
  }

  /** Settles the record, then returns the answer. The order matters: a client must not get an answer whose record is lost. */
  function finish(running: RunningCall, outcome: Outcome): Awaitable<JsonObject | undefined> {
    const { settlement, result, error } = endingOf(running, outcome, tools);
    if (running.approved !== undefined) settlement.notes = withApproval(running.approved, settlement.notes);
    const { conversation } = running.call;
    conversation?.ran(outcome);
    if (conversation !== undefined) settlement.notes = conversation.notes(settlement.notes);
    const answer = (): JsonObject | undefined => {
      inFlight -= 1;
      ended += 1;
      announceEnd(bus, running, settlement);
      if (error !== undefined) throw error;
      return result;
    };
    const committed = recorder.settle(running.ticket, settlement);
    const kept = running.key?.settle(outcome, result);
    if (!(kept instanceof Promise)) return committed === undefined ? answer() : committed.then(answer);
    return committed === undefined ? kept.then(answer) : bothStored(committed, kept).then(answer);
  }

  function run(call: FoundCall, snapshot: Snapshot, key?: HeldKey): Awaitable<JsonObject | undefined> {
    const running = begin(call, snapshot, key);
    announceStart(bus, running);
    return andThen(runOnce(running, running.rounds, true), (outcome) =>
      outcome.kind === 'input_required' && (call.request.caller.era === 'legacy' || call.conversation !== undefined)
        ? converse(running, outcome).then((last) => finish(running, last))
        : finish(running, outcome),
    );
  }

  /** Makes a call of a tool, which may become a task. */
  const make = (call: FoundCall, snapshot: Snapshot, key?: HeldKey): Awaitable<JsonObject | undefined> =>
    mayBeLong(call.definition) ? longCalls.call(call, (long) => run(long, snapshot, key)) : run(call, snapshot, key);

  const snapshotOf = ({ exchange }: RequestContext): Awaitable<Snapshot> =>
    exchange.catalog === undefined ? catalog.snapshot(exchange.partition) : catalog.of(exchange.catalog as CatalogDefinition);

  return {
    get inFlight() {
      return inFlight;
    },
    get ended() {
      return ended;
    },
    drain: keyed.drain,
    end: keyed.end,
    tool(params, request) {
      const name = nameOf(params);
      return andThen(snapshotOf(request), (snapshot) => {
        const found = findTool(snapshot, name, params, request, { info, dropHostArguments });
        const key = idempotencyKeyOf(params, request.meta);
        return key === undefined ? make(found, snapshot) : keyed.run(key, found, (call, held) => make(call, snapshot, held));
      });
    },
    resource(params, request) {
      const { uri } = params;
      if (typeof uri !== 'string') throw invalidParams('"uri" must be a string.');
      if (uri.startsWith(CALL_URI)) return longCalls.read(uri, request);
      return andThen(snapshotOf(request), (snapshot) => {
        const { definition } = snapshot;
        if (definition.skills === undefined || snapshot.resource(uri) !== undefined)
          return run(findResource(snapshot, uri, params, request, info), snapshot);
        return skills
          .resource(request.exchange.partition, definition, uri)
          .then((file) => run(findResource(snapshot, uri, params, request, info, file), snapshot));
      });
    },
    prompt(params, request) {
      const name = nameOf(params);
      return andThen(snapshotOf(request), (snapshot) => run(findPrompt(snapshot, name, params, request, info), snapshot));
    },
  };
}
