/**
 * Sends a function's requests for input to the client: as an input-required result in the modern era, as server-to-client
 * requests in the legacy era. The answers of earlier rounds are kept for the call.
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { FunctionDefinition } from '../ports/definition.js';
import { DaemonError, quoted } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { Limits } from '../protocol/limits.js';
import type { InputRequest } from '../protocol/messages.js';
import type { ServerInfo } from '../protocol/server-info.js';
import type { ProtocolVersion } from '../protocol/versions.js';
import { supports } from '../protocol/versions.js';
import type { InputRequired } from './requests.js';
import { missingCapabilities } from './requests.js';
import type { CarriedApproval, StateBinding, StateSealer } from './state.js';

/** The rounds of input of a call so far. */
export interface Rounds {
  readonly inputs: JsonObject;
  readonly state: unknown;
  readonly count: number;
  /** The approval of the call that was asked for or given in an earlier round. It comes from the sealed state alone. */
  readonly approval?: CarriedApproval | undefined;
}

/** What the asker needs to know about a call. */
export interface AskingCall {
  readonly definition: FunctionDefinition;
  readonly input: unknown;
  readonly params: JsonObject;
  readonly request: RequestContext;
}

/** Asks clients for the input that a function needs. */
export interface InputAsker {
  /** The rounds that a request carries. @throws DaemonError `invalid_params`, `invalid_request_state` */
  open(call: AskingCall): Rounds;
  /**
   * The input-required result, for the modern era. @throws DaemonError `missing_client_capability`, `limit_exceeded`,
   * `internal_error`
   */
  ask(call: AskingCall, wish: InputRequired, rounds: Rounds): JsonObject;
  /**
   * The requests for input of a function, by its names for them. @throws DaemonError `missing_client_capability`,
   * `limit_exceeded`, `internal_error`
   */
  requests(call: AskingCall, wish: InputRequired, rounds: Rounds): Readonly<Record<string, InputRequest>>;
  /** Asks a legacy client, and resolves with its answers. Rejects if the client cannot answer, refuses or has left. */
  interview(call: AskingCall, wish: InputRequired, rounds: Rounds): Promise<Rounds>;
}

const NONE: Rounds = Object.freeze({ inputs: Object.freeze({}) as JsonObject, state: undefined, count: 0 });
/** Name of the question whether a call may run, among the requests for input. */
export const APPROVAL = 'io.mcp-daemon/approval';

const METHODS: readonly string[] = ['elicitation/create', 'sampling/createMessage', 'roots/list'];

const bindingOf = ({ definition, input, request }: AskingCall): StateBinding => ({
  partition: request.exchange.partition,
  subject: request.exchange.subject,
  target: `${definition.kind}:${definition.name}`,
  input,
});

/** Checks that each answer is an object, under the name of its question. The function checks their content. */
function answersOf(params: JsonObject): JsonObject {
  const { inputResponses } = params;
  if (inputResponses === undefined) return {};
  if (!isObject(inputResponses)) throw new DaemonError('invalid_params', 'Invalid params: "inputResponses" must be an object.');
  for (const [name, answer] of Object.entries(inputResponses)) {
    if (!isObject(answer))
      throw new DaemonError('invalid_params', `Invalid params: inputResponses["${quoted(name)}"] must be an object.`);
  }
  return inputResponses;
}

/** A function's requests, as they are sent. @throws DaemonError `internal_error` if the function's return value is malformed */
function requestsOf(name: string, wish: InputRequired): Record<string, InputRequest> {
  const { inputRequests = {} } = wish;
  const wrong =
    !isObject(inputRequests) ||
    Object.values(inputRequests).some((request) => !isObject(request) || !METHODS.includes(String(request.method)));
  if (wrong)
    throw new DaemonError(
      'internal_error',
      `"${name}" asked for input with an unknown method. Make requests with elicit, sample or listRoots.`,
    );
  if (Object.keys(inputRequests).length === 0 && wish.state === undefined)
    throw new DaemonError('internal_error', `"${name}" asked for input, but its list of requests is empty.`);
  return inputRequests;
}

/** Removes `mode` for clients before 2025-11-25, which do not have it: a strict client would reject it. */
function fitted(request: InputRequest, version: ProtocolVersion): InputRequest {
  if (request.method !== 'elicitation/create' || supports(version, 'elicitationMode') || request.params?.['mode'] !== 'form')
    return request;
  const { mode: _, ...params } = request.params;
  return { method: request.method, params };
}

/** Creates an asker. */
export function createInputAsker(options: { sealer: StateSealer; info: ServerInfo; limits: Limits }): InputAsker {
  const { sealer, info, limits } = options;

  function checked(call: AskingCall, wish: InputRequired, rounds: Rounds): Record<string, InputRequest> {
    const { name } = call.definition;
    const requests = requestsOf(name, wish);
    if (rounds.count >= limits.maxInputRounds) {
      throw new DaemonError('limit_exceeded', `"${name}" asked for input more than ${limits.maxInputRounds} times.`);
    }
    const requiredCapabilities = missingCapabilities(requests, call.request.caller.capabilities);
    if (requiredCapabilities === undefined) return requests;
    const needs = requests[APPROVAL] === undefined ? 'needs' : 'must be approved by its user before it runs, which needs';
    throw new DaemonError(
      'missing_client_capability',
      `"${name}" ${needs} a client that supports ${Object.keys(requiredCapabilities).join(', ')}; this client has not declared it.`,
      { data: { requiredCapabilities } },
    );
  }

  return {
    requests: checked,

    open(call) {
      const { params } = call;
      // Only modern requests carry answers in their parameters.
      if (
        call.request.caller.era === 'legacy' ||
        (params['requestState'] === undefined && params['inputResponses'] === undefined)
      )
        return NONE;
      const answers = answersOf(params);
      const { requestState } = params;
      if (requestState === undefined) return { inputs: answers, state: undefined, count: 0 };
      if (typeof requestState !== 'string')
        throw new DaemonError('invalid_params', 'Invalid params: "requestState" must be a string.');
      const carried = sealer.open(bindingOf(call), requestState);
      const { inputs, state, rounds: count, approval } = carried;
      return { inputs: { ...inputs, ...answers }, state, count, approval };
    },

    ask(call, wish, rounds) {
      const requests = checked(call, wish, rounds);
      const result: JsonObject = info.complete({}, 'modern');
      result['resultType'] = 'input_required';
      if (Object.keys(requests).length > 0) result['inputRequests'] = requests;
      // There is nothing to keep, so the retry needs no state.
      const { approval } = rounds;
      if (wish.state !== undefined || approval !== undefined || Object.keys(rounds.inputs).length > 0) {
        result['requestState'] = sealer.seal(bindingOf(call), {
          state: wish.state,
          inputs: rounds.inputs,
          rounds: rounds.count + 1,
          ...(approval === undefined ? {} : { approval }),
        });
      }
      return result;
    },

    async interview(call, wish, rounds) {
      const requests = checked(call, wish, rounds);
      const { exchange, caller } = call.request;
      const ask = exchange.request?.bind(exchange);
      if (ask === undefined)
        throw new DaemonError(
          'missing_client_capability',
          `"${call.definition.name}" needs to ask its client, but this connection cannot send requests to the client.`,
        );
      const signal = AbortSignal.any([exchange.signal, AbortSignal.timeout(limits.inputWaitMs)]);
      const inputs: JsonObject = { ...rounds.inputs };
      // One after the other, because a user can fill in only one form at a time.
      for (const [name, request] of Object.entries(requests)) {
        const answer: unknown = await ask(fitted(request, caller.version), signal);
        if (!isObject(answer)) throw new DaemonError('invalid_params', `The client's answer to "${name}" is not an object.`);
        inputs[name] = answer;
      }
      return { inputs, state: wish.state, count: rounds.count + 1, approval: rounds.approval };
    },
  };
}
