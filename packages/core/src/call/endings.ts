/** Converts the outcome of a run to the ending of its call: the end of its record, and the answer to the client. */
import type { JsonObject } from '../base/json.js';
import type { InputAsker, Rounds } from '../input/asker.js';
import type { InputRequired } from '../input/requests.js';
import type { Logger } from '../ports/logger.js';
import { resultText, withText } from '../protocol/encode.js';
import type { EndedBy } from '../protocol/ended-by.js';
import { endedBy } from '../protocol/ended-by.js';
import { DaemonError } from '../protocol/errors.js';
import type { ServerInfo } from '../protocol/server-info.js';
import { recordedContent } from '../records/body.js';
import type { Settlement } from '../records/recorder.js';
import type { Outcome } from './outcome.js';
import { messageOf } from './outcome.js';
import { withAnswers } from './recorded-answers.js';
import { toolError } from './result.js';
import { ReturnValueError } from './return-value-error.js';
import type { FoundCall, RunningCall } from './running-call.js';

/** How a call ends. Neither result nor error: the call was cancelled, and there is no answer. */
export interface Ending {
  readonly settlement: Settlement;
  /** The result to send. */
  readonly result?: JsonObject;
  readonly error?: DaemonError;
  /** Whether the result quotes values that the record must not keep. */
  readonly quotes?: boolean;
}

/** The dependencies of the functions that create endings. */
export interface EndingTools {
  asker: InputAsker;
  info: ServerInfo;
  logger: Logger;
  /** Size of one result as JSON text. */
  maxResultBytes: number;
  /** Whether clients get the reason why code could not be loaded. */
  explainFailures: boolean;
}

const settled = (status: Settlement['status'], rest: Partial<Settlement> = {}): Settlement => ({
  status,
  fault: null,
  notes: null,
  content: null,
  ...rest,
});

const CANCELLED: Record<EndedBy, string> = {
  client: 'cancelled by the client',
  left: 'cancelled by the client',
  server: 'cancelled because the server shut down',
  expiry: 'ended because its task expired',
};

type Failure = Pick<Settlement, 'status' | 'fault'>;

/** Key in `_meta` of a refused tool call: milliseconds after which it may be tried again. */
export const RETRY_AFTER = 'io.mcp-daemon/retryAfterMs';

type Refusal = Extract<Outcome, { kind: 'refused' }>;

const TOOL_FAILED: Failure = { status: 'failed', fault: 'tool' };

/** A failure. For a tool it is a result that the model can read; for resources and prompts it is an error of the request. */
function failure(call: FoundCall, { status, fault }: Failure, text: string, info: ServerInfo, cause?: unknown): Ending {
  const settlement = settled(status, { fault, notes: text });
  if (call.type === 'tool') return { settlement, result: info.complete(toolError(text), call.request.caller.era) };
  return { settlement, error: new DaemonError('internal_error', text, { cause }) };
}

/**
 * The ending for invalid arguments. The model reads which values are wrong. A record that does not keep all arguments must not
 * quote them.
 */
function invalid(call: FoundCall, problems: readonly string[], info: ServerInfo): Ending {
  const { name, record } = call.definition;
  const what = `Invalid arguments for "${name}"`;
  const text = `${what}:\n${problems.map((problem) => `- ${problem}`).join('\n')}`;
  const ending = failure(call, { status: 'failed', fault: 'protocol' }, text, info);
  const quotes = record !== undefined && (record.bodies === 'metadata' || record.redact.length > 0);
  return quotes ? { ...ending, settlement: { ...ending.settlement, notes: what }, quotes } : ending;
}

/** The ending for a call that a quota did not admit: when to come back, for the model and for its program. */
function refused(call: FoundCall, { message, retryAfterMs }: Refusal, info: ServerInfo): Ending {
  const settlement = settled('failed', { fault: 'protocol', notes: message });
  if (call.type !== 'tool') return { settlement, error: new DaemonError('overloaded', message, { data: { retryAfterMs } }) };
  const result = { ...toolError(message), _meta: { [RETRY_AFTER]: retryAfterMs } };
  return { settlement, result: info.complete(result, call.request.caller.era) };
}

/** Adds the cause of a thrown error for the log. The model gets only the message. */
function logCause(call: FoundCall, thrown: unknown, logger: Logger): void {
  if (!(thrown instanceof Error) || thrown.cause === undefined) return;
  const { name } = call.definition;
  const cause = messageOf(thrown.cause);
  logger.warn({ name, error: messageOf(thrown), cause }, `"${name}" failed: ${messageOf(thrown)}; the cause: ${cause}`);
}

/**
 * The ending for code that could not be loaded. The record and the log have the reason. Clients get it only with
 * `explainFailures`, because it names files of the server.
 */
function unavailable(call: FoundCall, cause: unknown, { info, logger, explainFailures }: EndingTools): Ending {
  const { name } = call.definition;
  const why = `"${name}" cannot be run: ${messageOf(cause)}`;
  logger.error({ name, error: messageOf(cause) }, why);
  const general = `"${name}" cannot be run: its code could not be loaded. The server's log says why.`;
  const ending = failure(call, TOOL_FAILED, explainFailures ? why : general, info, cause);
  return { ...ending, settlement: { ...ending.settlement, notes: why } };
}

/** The ending of a function whose value cannot be sent. */
const unusable = (call: FoundCall, why: string, info: ServerInfo, cause: unknown): Ending =>
  failure(call, TOOL_FAILED, `"${call.definition.name}" gave no usable result: ${why}`, info, cause);

function valueEnding(call: FoundCall, value: unknown, callId: string, info: ServerInfo): Ending {
  try {
    const result = call.toResult(value, callId);
    const isError = result['isError'] === true;
    return { settlement: settled(isError ? 'failed' : 'completed', isError ? { fault: 'tool' } : {}), result };
  } catch (cause) {
    if (cause instanceof DaemonError)
      return { settlement: settled('failed', { fault: 'tool', notes: cause.message }), error: cause };
    return unusable(call, cause instanceof ReturnValueError ? cause.message : messageOf(cause), info, cause);
  }
}

/** The modern answer to a function that asks for input. */
function inputEnding(call: FoundCall, wish: InputRequired, rounds: Rounds, asker: InputAsker): Ending {
  try {
    const notes = rounds.approval?.step === 'asked' ? 'approval required' : 'input required';
    return { settlement: settled('completed', { notes }), result: asker.ask(call, wish, rounds) };
  } catch (cause) {
    const error = cause instanceof DaemonError ? cause : new DaemonError('internal_error', messageOf(cause), { cause });
    return { settlement: settled('failed', { fault: 'protocol', notes: error.message }), error };
  }
}

function fromOutcome(running: RunningCall, outcome: Outcome, tools: EndingTools): Ending {
  const { call, ticket } = running;
  const { info, asker } = tools;
  switch (outcome.kind) {
    case 'value':
      return valueEnding(call, outcome.value, ticket.callId, info);
    case 'input_required':
      return inputEnding(call, outcome.wish, outcome.rounds ?? running.rounds, asker);
    case 'invalid':
      return invalid(call, outcome.problems, info);
    case 'error':
      if (outcome.cause instanceof ReturnValueError) return unusable(call, outcome.message, info, outcome.cause);
      logCause(call, outcome.cause, tools.logger);
      return failure(call, TOOL_FAILED, outcome.message, info, outcome.cause);
    case 'declined': {
      const ending = failure(call, TOOL_FAILED, outcome.message, info);
      return { ...ending, settlement: { ...ending.settlement, notes: outcome.notes } };
    }
    case 'stale': {
      const error = new DaemonError('invalid_request_state', outcome.message);
      return { settlement: settled('failed', { fault: 'protocol', notes: error.message }), error };
    }
    case 'refused':
      return refused(call, outcome, info);
    case 'unavailable':
      return unavailable(call, outcome.cause, tools);
    case 'timed_out': {
      const text = `"${call.definition.name}" did not finish within ${outcome.afterMs} ms.`;
      return failure(call, { status: 'timed_out', fault: 'tool' }, text, info);
    }
    case 'cancelled':
      return {
        settlement: settled('cancelled', { fault: 'transport', notes: CANCELLED[endedBy(call.request.exchange.signal)] }),
      };
  }
}

/** Checks that an ending can be sent, and encodes its result. */
function fitted(call: FoundCall, ending: Ending, result: JsonObject, { info, maxResultBytes }: EndingTools): [Ending, string?] {
  const { name } = call.definition;
  let instead: Ending;
  try {
    const text = resultText(result);
    // A text has at most one character per byte, and at least one per three bytes.
    const bytes = text.length * 3 > maxResultBytes ? Buffer.byteLength(text) : text.length;
    if (bytes <= maxResultBytes) return [ending, text];
    const why = `"${name}" gave a result of ${bytes} bytes; the maximum is ${maxResultBytes}.`;
    instead = failure(call, TOOL_FAILED, why, info);
  } catch (cause) {
    instead = failure(call, TOOL_FAILED, `"${name}" gave no usable result: JSON cannot encode it`, info, cause);
  }
  return instead.result === undefined ? [instead] : [instead, JSON.stringify(instead.result)];
}

/** The ending of a call, from the outcome of its run. It never throws. */
export function endingOf(running: RunningCall, outcome: Outcome, tools: EndingTools): Ending {
  const { call } = running;
  const ending = fromOutcome(running, outcome, tools);
  if (ending.result === undefined) return ending;
  const [sent, text] = fitted(call, ending, ending.result, tools);
  if (sent.result !== undefined && text !== undefined) {
    withText(sent.result, text);
    const answers = running.answers ?? running.rounds.inputs;
    if (!sent.quotes) sent.settlement.content = withAnswers(call.definition, recordedContent(call.definition, text), answers);
  }
  return sent;
}
