/** What a record says about a call: its request, to make it again, and its result, in a form that can be compared. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { redact } from '../base/json-path.js';
import { ANSWERS, answersIn } from '../call/recorded-answers.js';
import type { CallRecord, McpType } from '../ports/calls.js';
import type { FunctionDefinition } from '../ports/definition.js';
import { META } from '../protocol/messages.js';

/** A request that calls a function. */
export interface CallRequest {
  method: 'tools/call' | 'resources/read' | 'prompts/get';
  params: JsonObject;
}

const METHODS: Readonly<Record<McpType, CallRequest['method']>> = {
  tool: 'tools/call',
  resource: 'resources/read',
  prompt: 'prompts/get',
};

/** The text that redaction leaves, and the one for values that are nested too deeply. */
const REDACTED = '"[redacted]"';
const TOO_DEEP = '"[nested too deeply to be recorded]"';

/** Whether a recorded body was cut because it was too large. */
export const isCut = (text: string): boolean => text.startsWith('{"cut":true,');

/** Whether parts of a recorded body were replaced by `[redacted]`. */
export const isRedacted = (text: string): boolean => text.includes(REDACTED);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The arguments of a record. */
export type RecordedArguments = { arguments: JsonObject } | { missing: string };

/**
 * The arguments of a record, or why they are not there.
 *
 * @param redacted whether arguments with parts that were replaced by `[redacted]` are taken
 */
export function argumentsOfRecord({ arguments: text }: CallRecord, redacted: boolean): RecordedArguments {
  if (text === null) return { missing: 'its arguments were not recorded: the record policy of the function did not keep them' };
  if (isCut(text)) return { missing: 'its arguments were too large to be recorded whole' };
  if (text === TOO_DEEP) return { missing: 'its arguments were nested too deeply to be recorded' };
  if (isRedacted(text) && !redacted)
    return { missing: 'parts of its arguments were replaced by [redacted], so they are not known any more' };
  const value = parsed(text);
  return isObject(value) ? { arguments: value } : { missing: 'its arguments are no JSON object' };
}

/** The request of a recorded call. @param args its arguments; of a resource `{ uri }` */
export const requestOf = ({ mcp_type: type, name }: Pick<CallRecord, 'mcp_type' | 'name'>, args: JsonObject): CallRequest => ({
  method: METHODS[type],
  params: type === 'resource' ? { uri: args['uri'] } : { name, arguments: args },
});

/** Stands for the uuid of a call in its result, where the function or the daemon has put it there. */
export const ANY_CALL_ID = '00000000-0000-7000-8000-000000000000';

/** Members that depend on the protocol version and on the server, and not on the function. */
function withoutProtocol(result: JsonObject): JsonObject {
  const { resultType, ttlMs: _ttl, cacheScope: _scope, requestState: _state, _meta, ...rest } = result;
  const kept: JsonObject = resultType === undefined || resultType === 'complete' ? rest : { resultType, ...rest };
  if (!isObject(_meta)) return kept;
  const { [META.serverInfo]: _server, [ANSWERS]: _answers, ...meta } = _meta;
  return Object.keys(meta).length === 0 ? kept : { ...kept, _meta: meta };
}

/**
 * A result in the form in which results are compared and kept in fixtures: the same for all protocol versions, without the uuid of
 * the call, and redacted as the function's record policy says now.
 *
 * @param text its JSON text
 * @returns undefined if it is no result
 */
export function normalResult(text: string, callId: string | undefined, definition: FunctionDefinition): JsonObject | undefined {
  const value = parsed(callId === undefined ? text : text.replaceAll(callId, ANY_CALL_ID));
  if (!isObject(value)) return undefined;
  return redact(withoutProtocol(value), definition.record?.redact ?? []) as JsonObject;
}

/** What the client answered to the questions of the function, by their names; empty: it was not asked, or the record does not have it. */
export function answersOfRecord({ content: text }: CallRecord): JsonObject {
  return text === null || isCut(text) ? {} : (answersIn(parsed(text)) ?? {});
}

/** The result of a record. */
export type RecordedResult = { result: JsonObject } | { missing: string };

/**
 * The result of a record in normal form, or why it is not there. A resource or prompt that failed has `{ error: message }`.
 *
 * @param definition the function as it is now, whose redaction is applied
 */
export function resultOfRecord(record: CallRecord, definition: FunctionDefinition): RecordedResult {
  const { content: text, status, mcp_type: type, notes, mcp_function_call_uuid: callId, content_in_s3: moved } = record;
  if (text === null) {
    if (moved) return { missing: 'its result was moved out of the record, and cannot be read' };
    if (type !== 'tool' && status !== 'completed' && notes !== null) return { result: { error: notes } };
    return { missing: 'its result was not recorded' };
  }
  if (isCut(text)) return { missing: 'its result was too large to be recorded whole' };
  const result = normalResult(text, callId, definition);
  return result === undefined ? { missing: 'its result is no JSON object' } : { result };
}
