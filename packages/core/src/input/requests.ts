/**
 * Input from the user: what a function returns to request it, and what it gets when it is called again.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr
 */
import type { JsonObject } from '../base/json.js';
import type { ClientCapabilities, InputRequest } from '../protocol/messages.js';

/** A function's return value that requests input. It is plain data, so that it also works from another copy of this package. */
export interface InputRequired {
  resultType: 'input_required';
  /** The requests, each under a name that the function chooses. */
  inputRequests?: Record<string, InputRequest>;
  /** Any JSON value; the function gets it back as `context.state`. The client cannot read it. */
  state?: unknown;
}

/**
 * What a function returns to ask the user something. The function is then called again, from its first line, with the answers in
 * `context.inputs`. So the code before the question runs again: make it safe to repeat.
 *
 * @param inputRequests the requests, each under a name; made with {@link elicit}, {@link sample} and {@link listRoots}
 * @param state any JSON value; the next run gets it as `context.state`
 *
 * @example
 * function book({ city }, context) {
 *   const answer = context.inputs.confirm;
 *   if (!answer) return inputRequired({ confirm: elicit(`Book ${city}?`, { type: 'object', properties: { sure: { type: 'boolean' } } }) });
 *   return answer.action === 'accept' && answer.content.sure ? `Booked ${city}.` : 'Not booked.';
 * }
 */
export function inputRequired(inputRequests: Record<string, InputRequest>, state?: unknown): InputRequired {
  return state === undefined
    ? { resultType: 'input_required', inputRequests }
    : { resultType: 'input_required', inputRequests, state };
}

/**
 * Asks the user to fill in a form. The answer is `{ action: 'accept' | 'decline' | 'cancel', content? }`.
 *
 * @param message what the user reads
 * @param requestedSchema a flat object schema of strings, numbers, booleans and enums
 */
export function elicit(message: string, requestedSchema: JsonObject): InputRequest {
  return { method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } };
}

/** Asks the client's model for a message. The answer is `{ role, content, model, stopReason? }`. */
export function sample(params: JsonObject & { messages: JsonObject[]; maxTokens: number }): InputRequest {
  return { method: 'sampling/createMessage', params };
}

/** Asks which folders the client works in. The answer is `{ roots: [{ uri, name? }] }`. */
export function listRoots(): InputRequest {
  return { method: 'roots/list' };
}

/** Whether a function's return value requests input. */
export function isInputRequired(value: unknown): value is InputRequired {
  return typeof value === 'object' && value !== null && (value as { resultType?: unknown }).resultType === 'input_required';
}

/**
 * The capabilities that the requests need, but that the client has not declared; in the form of `requiredCapabilities`.
 *
 * @returns undefined if nothing is missing
 */
export function missingCapabilities(
  requests: Record<string, InputRequest>,
  has: ClientCapabilities,
): ClientCapabilities | undefined {
  const missing: ClientCapabilities = {};
  for (const { method, params } of Object.values(requests)) {
    if (method === 'roots/list') {
      if (!has.roots) missing.roots = {};
    } else if (method === 'sampling/createMessage') {
      if (!has.sampling) missing.sampling = {};
      else if (params && 'tools' in params && !has.sampling.tools) missing.sampling = { tools: {} };
    } else if (params?.['mode'] === 'url') {
      if (!has.elicitation?.url) missing.elicitation = { ...missing.elicitation, url: {} };
    } else if (!has.elicitation) {
      missing.elicitation = { ...missing.elicitation, form: {} };
    } else if (!has.elicitation.form && has.elicitation.url) {
      missing.elicitation = { ...missing.elicitation, form: {} }; // the client declared only `url`; an empty object means `form`
    }
  }
  return Object.keys(missing).length === 0 ? undefined : missing;
}
