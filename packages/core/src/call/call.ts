/**
 * One call, from its parameters to its result: the page to read first.
 *
 *     find the function  ->  begin a record  ->  run it (ask the client, run again)  ->  settle the record  ->  answer
 */
import type { Awaitable } from '../base/awaitable.js';
import { andThen } from '../base/awaitable.js';
import type { JsonObject } from '../base/json.js';
import type { Catalog, Snapshot } from '../catalog/snapshot.js';
import type { CallAnnounced, EventBus } from '../events/bus.js';
import type { InputDesk, Rounds } from '../input/asker.js';
import type { McpType } from '../ports/calls.js';
import type { FunctionDefinition, ResourceDefinition, ResourceTemplateDefinition, ToolDefinition } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { resultText, withText } from '../protocol/encode.js';
import { DaemonError } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import { checkParameterHeaders } from '../protocol/mirrored-headers.js';
import type { ServerInfo } from '../protocol/server-info.js';
import { recordedContent } from '../records/body.js';
import type { Recorder, Settlement, Ticket } from '../records/recorder.js';
import type { Told } from './context.js';
import type { Executor, Outcome, RunLife } from './executor.js';
import { messageOf } from './executor.js';
import { argumentsOf, checkPromptArguments, nameOf } from './parameters.js';
import { toolError, toPromptResult, toResourceResult, toToolResult } from './result.js';
import { ReturnValueError } from './return-value-error.js';

/** The three methods that run user code. Undefined: the call was cancelled, and nothing is to be answered. */
export interface Calls {
  /** `tools/call`. @throws DaemonError `invalid_params`, `invalid_request_state`, `missing_client_capability` */
  tool(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
  /** `resources/read`. @throws as `tool`, and `resource_not_found`, `internal_error` */
  resource(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
  /** `prompts/get`. @throws as `tool`, and `internal_error` */
  prompt(params: JsonObject, request: RequestContext): Awaitable<JsonObject | undefined>;
  /** Calls under way. */
  readonly inFlight: number;
}

/** What {@link createCalls} takes. */
export interface CallsOptions {
  catalog: Catalog;
  executor: Executor;
  recorder: Recorder;
  desk: InputDesk;
  /** Told of calls while somebody listens. */
  bus: EventBus;
  info: ServerInfo;
  limits: Limits;
  logger: Logger;
}

/** One call that was found. */
interface Call {
  readonly definition: FunctionDefinition;
  readonly type: McpType;
  /** What the function is given: arguments, or a URI. */
  readonly input: unknown;
  /** What is recorded as its arguments. */
  readonly recorded: unknown;
  readonly variables: Readonly<Record<string, string>>;
  readonly params: JsonObject;
  readonly request: RequestContext;
  /** From the function's value to the result of its method. */
  toResult(value: unknown, callId: string): JsonObject;
}

/** How a call ends: what its record says, and what the client is told. */
interface Ending {
  settlement: Settlement;
  /** Whether the result quotes what the record must not keep. */
  quotes?: boolean;
  result?: JsonObject;
  error?: DaemonError;
}

const NO_VARIABLES: Readonly<Record<string, string>> = Object.freeze({});

/** Creates the call path of a daemon. */
export function createCalls(options: CallsOptions): Calls {
  const { catalog, executor, recorder, desk, bus, info, limits, logger } = options;
  let inFlight = 0;

  const settled = (status: Settlement['status'], rest: Partial<Settlement> = {}): Settlement => ({
    status,
    fault: null,
    notes: null,
    content: null,
    ...rest,
  });

  /** A failure that a tool's model can read; for resources and prompts it is an error of the request. */
  function failure(call: Call, status: Settlement['status'], fault: Settlement['fault'], text: string, cause?: unknown): Ending {
    const settlement = settled(status, { fault, notes: text });
    if (call.type === 'tool') return { settlement, result: info.complete(toolError(text), call.request.caller.era) };
    return { settlement, error: new DaemonError('internal_error', text, { cause }) };
  }

  /** The model is told which values are wrong; a record that keeps no arguments, or not all of them, is not. */
  function invalid(call: Call, problems: readonly string[]): Ending {
    const { name, record } = call.definition;
    const what = `Invalid arguments for "${name}"`;
    const told = failure(call, 'failed', 'protocol', `${what}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`);
    const quotes = record !== undefined && (record.bodies === 'metadata' || record.redact.length > 0);
    return quotes ? { ...told, settlement: { ...told.settlement, notes: what }, quotes } : told;
  }

  function unavailable(call: Call, cause: unknown): Ending {
    const { name } = call.definition;
    logger.error({ name, error: messageOf(cause) }, `"${name}" cannot be run: ${messageOf(cause)}`);
    return failure(
      call,
      'failed',
      'tool',
      `"${name}" cannot be run: its code could not be loaded. The server's log says why.`,
      cause,
    );
  }

  function valueEnding(call: Call, value: unknown, callId: string): Ending {
    try {
      const result = call.toResult(value, callId);
      const toldError = result['isError'] === true;
      return { settlement: settled(toldError ? 'failed' : 'completed', toldError ? { fault: 'tool' } : {}), result };
    } catch (cause) {
      if (cause instanceof DaemonError)
        return { settlement: settled('failed', { fault: 'tool', notes: cause.message }), error: cause };
      const why = cause instanceof ReturnValueError ? cause.message : messageOf(cause);
      return failure(call, 'failed', 'tool', `"${call.definition.name}" gave no usable result: ${why}`, cause);
    }
  }

  function ending(call: Call, outcome: Outcome, ticket: Ticket, rounds: Rounds): Ending {
    const { name } = call.definition;
    switch (outcome.kind) {
      case 'value':
        return valueEnding(call, outcome.value, ticket.callId);
      case 'input_required':
        try {
          return { settlement: settled('completed', { notes: 'input required' }), result: desk.ask(call, outcome.wish, rounds) };
        } catch (cause) {
          const error = cause instanceof DaemonError ? cause : new DaemonError('internal_error', messageOf(cause), { cause });
          return { settlement: settled('failed', { fault: 'protocol', notes: error.message }), error };
        }
      case 'invalid':
        return invalid(call, outcome.problems);
      case 'error':
        return failure(call, 'failed', 'tool', outcome.message, outcome.cause);
      case 'unavailable':
        return unavailable(call, outcome.cause);
      case 'timed_out':
        return failure(call, 'timed_out', 'tool', `"${name}" did not finish within ${outcome.afterMs} ms.`);
      case 'cancelled':
        return { settlement: settled('cancelled', { fault: 'transport', notes: 'cancelled by the client' }) };
    }
  }

  /** An ending that can be sent, and the JSON text of its result. */
  function fitted(call: Call, end: Ending, result: JsonObject): [Ending, string?] {
    const { name } = call.definition;
    let instead: Ending;
    try {
      const text = resultText(result);
      // A text has at most as many characters as bytes, and at least a third.
      const bytes = text.length * 3 > limits.maxResultBytes ? Buffer.byteLength(text) : text.length;
      if (bytes <= limits.maxResultBytes) return [end, text];
      instead = failure(
        call,
        'failed',
        'tool',
        `"${name}" gave a result of ${bytes} bytes; at most ${limits.maxResultBytes} are sent.`,
      );
    } catch (cause) {
      instead = failure(call, 'failed', 'tool', `"${name}" gave no usable result: it holds what is no JSON`, cause);
    }
    return instead.result === undefined ? [instead] : [instead, JSON.stringify(instead.result)];
  }

  const announced = (call: Call, { callId }: Ticket, { revision }: Snapshot): CallAnnounced => ({
    partition: call.request.exchange.partition,
    callId,
    name: call.definition.name,
    mcp_type: call.type,
    subject: call.request.exchange.subject,
    revision,
  });

  /** Told when the record is committed: whoever hears of a call's end finds it there. */
  function announceEnd(call: Call, ticket: Ticket, snapshot: Snapshot, { status, fault }: Settlement): void {
    const time_spent = ticket.row?.time_spent ?? Math.round((performance.now() - ticket.startedAt) * 1_000) / 1_000;
    const about = announced(call, ticket, snapshot);
    const { partition, mcp_type, name } = about;
    if (bus.observed) bus.settled({ partition, mcp_type, name, status, fault, time_spent });
    if (bus.listens(partition)) bus.publish({ type: 'call_settled', ...about, status, fault, time_spent });
  }

  /** Settles the record, then gives the answer: never the other way round. */
  function finish(
    call: Call,
    outcome: Outcome,
    ticket: Ticket,
    rounds: Rounds,
    snapshot: Snapshot,
  ): Awaitable<JsonObject | undefined> {
    const end = ending(call, outcome, ticket, rounds);
    const [last, text] = end.result === undefined ? [end, undefined] : fitted(call, end, end.result);
    if (last.result !== undefined && text !== undefined) {
      withText(last.result, text);
      if (!last.quotes) last.settlement.content = recordedContent(call.definition, text);
    }
    const answer = (): JsonObject | undefined => {
      inFlight -= 1;
      if (bus.observed || bus.listens(call.request.exchange.partition)) announceEnd(call, ticket, snapshot, last.settlement);
      if (last.error !== undefined) throw last.error;
      return last.result;
    };
    const committed = recorder.settle(ticket, last.settlement);
    return committed === undefined ? answer() : committed.then(answer);
  }

  function execute(call: Call, ticket: Ticket, rounds: Rounds, told: Told): Awaitable<Outcome> {
    const { definition, input, request, variables } = call;
    const life: RunLife = {
      intent: () => recorder.intent(ticket),
      started: (digest) => recorder.started(ticket, digest),
    };
    return executor.run({
      definition,
      input,
      request,
      variables,
      callId: ticket.callId,
      inputs: rounds.inputs,
      state: rounds.state,
      told,
      life,
    });
  }

  /** Legacy clients are asked by requests of ours, and the function is run again with their answers. */
  async function converse(call: Call, first: Outcome, ticket: Ticket, before: Rounds, told: Told): Promise<Outcome> {
    let outcome = first;
    let rounds = before;
    while (outcome.kind === 'input_required') {
      try {
        rounds = await desk.interview(call, outcome.wish, rounds);
      } catch (cause) {
        return call.request.exchange.signal.aborted ? { kind: 'cancelled' } : { kind: 'error', message: messageOf(cause), cause };
      }
      outcome = await execute(call, ticket, rounds, told);
    }
    return outcome;
  }

  function run(call: Call, snapshot: Snapshot): Awaitable<JsonObject | undefined> {
    const rounds = desk.open(call);
    const ticket = recorder.begin(call.definition, call.type, call.recorded, call.request, snapshot.revision);
    inFlight += 1;
    if (bus.listens(call.request.exchange.partition)) bus.publish({ type: 'call_started', ...announced(call, ticket, snapshot) });
    const told: Told = { progress: -Infinity, notifications: 0 };
    const outcome = execute(call, ticket, rounds, told);
    const end = (ended: Outcome): Awaitable<JsonObject | undefined> =>
      ended.kind === 'input_required' && call.request.caller.era === 'legacy'
        ? converse(call, ended, ticket, rounds, told).then((last) => finish(call, last, ticket, rounds, snapshot))
        : finish(call, ended, ticket, rounds, snapshot);
    return andThen(outcome, end);
  }

  return {
    get inFlight() {
      return inFlight;
    },
    tool(params, request) {
      const name = nameOf(params);
      const { era, version } = request.caller;
      return andThen(catalog.snapshot(request.exchange.partition), (snapshot) => {
        const definition: ToolDefinition | undefined = snapshot.tool(name);
        if (definition === undefined) throw new DaemonError('invalid_params', `Unknown tool: ${name}`);
        const input = argumentsOf(params);
        const { exchange } = request;
        if (era === 'modern' && exchange.header !== undefined)
          checkParameterHeaders((header) => exchange.header?.(header), definition.inputSchema, input);
        const toResult = (value: unknown, callId: string): JsonObject =>
          info.complete(toToolResult(definition, value, version, callId), era);
        return run(
          { definition, type: 'tool', input, recorded: input, variables: NO_VARIABLES, params, request, toResult },
          snapshot,
        );
      });
    },
    resource(params, request) {
      const { uri } = params;
      if (typeof uri !== 'string') throw new DaemonError('invalid_params', 'Invalid params: "uri" must be a string.');
      return andThen(catalog.snapshot(request.exchange.partition), (snapshot) => {
        const found = snapshot.resource(uri);
        if (found === undefined) throw new DaemonError('resource_not_found', `Resource not found: ${uri}`, { data: { uri } });
        const definition: ResourceDefinition | ResourceTemplateDefinition = found.definition;
        const toResult = (value: unknown): JsonObject =>
          info.cacheable(toResourceResult(definition, value, uri), request.caller.era, 0);
        return run(
          { definition, type: 'resource', input: uri, recorded: { uri }, variables: found.variables, params, request, toResult },
          snapshot,
        );
      });
    },
    prompt(params, request) {
      const name = nameOf(params);
      const { era, version } = request.caller;
      return andThen(catalog.snapshot(request.exchange.partition), (snapshot) => {
        const definition = snapshot.prompt(name);
        if (definition === undefined) throw new DaemonError('invalid_params', `Unknown prompt: ${name}`);
        const input = argumentsOf(params);
        checkPromptArguments(definition, input);
        const toResult = (value: unknown): JsonObject => info.complete(toPromptResult(definition, value, version), era);
        return run(
          { definition, type: 'prompt', input, recorded: input, variables: NO_VARIABLES, params, request, toResult },
          snapshot,
        );
      });
    },
  };
}
