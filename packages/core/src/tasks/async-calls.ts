/** What clients without tasks get of slow calls of functions with `is_async`, as the Python engine answers them. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import { CALL_URI } from '../call/long-calls.js';
import type { FoundCall } from '../call/running-call.js';
import type { ToolDefinition } from '../ports/definition.js';
import { CALL_ARGUMENT } from '../protocol/call-argument.js';
import type { TaskEntry } from './entry.js';
import { hasEnded } from './entry.js';

const STILL_RUNNING =
  'The call is still running. Call the tool again with the argument mcp_function_call_uuid, or read this resource, to get its result.';

/** The id of the call that a client asks for again; undefined: this is a new call. Some models give "" for what they leave out. */
export function calledBefore({ input }: FoundCall): string | undefined {
  const id = (input as JsonObject)[CALL_ARGUMENT];
  return typeof id === 'string' && id !== '' ? id : undefined;
}

/** A new call without the argument for calls made before, if a model has given "" or null for it. */
export function asNewCall(call: FoundCall): FoundCall {
  const { [CALL_ARGUMENT]: id, ...input } = call.input as JsonObject;
  const own = (call.definition as ToolDefinition).inputSchema['properties'];
  const isOwn = isObject(own) && Object.hasOwn(own, CALL_ARGUMENT);
  return isOwn || (id !== '' && id !== null) ? call : { ...call, input };
}

/** The state of a call, with the words of the Python engine. */
function stateOf(entry: TaskEntry): JsonObject {
  const status = hasEnded(entry) ? entry.status : 'in_process';
  const notes = entry.message ?? (hasEnded(entry) ? null : STILL_RUNNING);
  return { [CALL_ARGUMENT]: entry.id, status, notes };
}

const uriOf = ({ id }: TaskEntry): string => `${CALL_URI}${id}`;

/** The result of a tool call that says where the result of a slow call can be read. */
export function laterResult(entry: TaskEntry): JsonObject {
  const resource = { uri: uriOf(entry), mimeType: 'application/json', text: JSON.stringify(stateOf(entry)) };
  return { content: [{ type: 'resource', resource }] };
}

/** A result that a model can read: what went wrong. */
export const failedResult = (text: string): JsonObject => ({ content: [{ type: 'text', text }], isError: true });

/** The result of a tool call that asks for a call made before. */
export function asToolResult(entry: TaskEntry): JsonObject {
  if (entry.status === 'completed' && entry.result !== undefined) return entry.result;
  return entry.status === 'failed' ? failedResult(entry.message ?? 'The call failed.') : laterResult(entry);
}

/** The content of the resource of a call: its state and, when it has ended, its result. */
export function asResource(entry: TaskEntry): JsonObject {
  const state = entry.result === undefined ? stateOf(entry) : { ...stateOf(entry), result: entry.result };
  return { contents: [{ uri: uriOf(entry), mimeType: 'application/json', text: JSON.stringify(state) }] };
}
