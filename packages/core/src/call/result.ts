/** Converts a function's return value to an MCP result, in the form of the client's protocol version. */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type {
  PromptDefinition,
  PromptMessage,
  ResourceDefinition,
  ResourceTemplateDefinition,
  ToolDefinition,
} from '../ports/definition.js';
import { resourceNotFound } from '../protocol/errors.js';
import type { CallToolResult, ContentBlock } from '../protocol/messages.js';
import type { ProtocolVersion } from '../protocol/versions.js';
import { supports } from '../protocol/versions.js';
import type { Check } from '../schema/compile/compile-schema.js';
import { compileSchema } from '../schema/compile/compile-schema.js';
import { blobType, bytesOf, refuseUnsendable, toBase64 } from './bytes.js';
import {
  asText,
  blobText,
  block,
  checkBlocks,
  embedded,
  fitBlocks,
  isBlock,
  jsonText,
  link,
  media,
  toJson,
  toJsonAndText,
} from './content.js';
import { dataOf, ForeignValue } from './foreign-value.js';
import { passedResult } from './passed.js';
import { ReturnValueError } from './return-value-error.js';

const checks = new WeakMap<ToolDefinition, Check>();

/** Structured content must be an object until 2025-11-25. It does not exist before 2025-06-18. */
/** Whether results of a version may have this structured content. */
export const takesStructured = (version: ProtocolVersion, value: unknown): boolean =>
  supports(version, 'structuredAny') || (supports(version, 'structuredObject') && isObject(value));

const looksLikeResult = (value: unknown): value is CallToolResult =>
  isObject(value) &&
  Array.isArray(value['content']) &&
  value['content'].every((item) => isObject(item) && typeof item['type'] === 'string');

function rawResult(value: unknown): CallToolResult {
  if (Array.isArray(value)) return { content: checkBlocks(value) };
  if (!isObject(value)) throw new ReturnValueError('a function of return_type "mcp" must return { content: [...] }');
  const { content = [], structuredContent, isError, _meta } = value;
  if (!Array.isArray(content)) throw new ReturnValueError('"content" must be an array of content blocks');
  const result: CallToolResult = { content: checkBlocks(content) };
  if (structuredContent !== undefined) result.structuredContent = toJsonAndText(structuredContent)?.json;
  if (isError !== undefined) result.isError = Boolean(isError);
  if (isObject(_meta)) result['_meta'] = toJson(_meta);
  return result;
}

/** @param foreign what the function's language makes of the value, if that is not what JavaScript does */
function byReturnType(
  definition: ToolDefinition,
  value: unknown,
  foreign: ForeignValue | undefined,
  callId: string,
): CallToolResult {
  const many = (make: (item: unknown) => ContentBlock): ContentBlock[] =>
    Array.isArray(value) ? value.map(make) : [make(value)];
  switch (definition.return_type) {
    case 'mcp':
      return rawResult(value);
    case 'image':
    case 'audio': {
      const type = definition.return_type;
      return { content: many((item) => media(type, item)) };
    }
    case 'embedded_resource':
      return { content: many((item) => embedded(item, `result://${encodeURIComponent(definition.name)}/${callId}`)) };
    case 'resource_link':
      return { content: many(link) };
    case 'json': {
      const made = toJsonAndText(value);
      return made === undefined ? { content: [] } : { content: [block(made.text)], structuredContent: made.json };
    }
    default:
      if (foreign !== undefined) return { content: [block(foreign.text, foreign.json)] };
      if (value === undefined) return { content: [] };
      if (definition.return_type === undefined && isBlock(value)) return { content: checkBlocks([value]) };
      return { content: [block(asText(value))] };
  }
}

function checkOf(definition: ToolDefinition, schema: JsonObject): Check {
  let check = checks.get(definition);
  if (check === undefined) checks.set(definition, (check = compileSchema(schema)));
  return check;
}

/**
 * Removes structured content that does not fit the output schema from an error: errors need not fit it. Some clients check
 * errors, too, and would report a mismatch instead of the error.
 */
function withoutMisfit(definition: ToolDefinition, schema: JsonObject, result: CallToolResult): CallToolResult {
  const { structuredContent, content } = result;
  if (structuredContent === undefined || checkOf(definition, schema)(structuredContent).ok) return result;
  delete result.structuredContent;
  if (content.length === 0) result.content = [block(jsonText(structuredContent))];
  return result;
}

/** Fills in and checks the structured content of a tool that declares an `outputSchema`. */
function structured(
  definition: ToolDefinition,
  schema: JsonObject,
  result: CallToolResult,
  value: unknown,
  raw: boolean,
): CallToolResult {
  if (result.isError) return withoutMisfit(definition, schema, result);
  if (result.structuredContent === undefined) {
    if (raw) throw new ReturnValueError('it declares an outputSchema, and returned no structuredContent');
    const made = toJsonAndText(value);
    result.structuredContent = made?.json;
    result.content = [block(made?.text ?? 'null')];
  }
  const checked = checkOf(definition, schema)(result.structuredContent);
  if (!checked.ok) throw new ReturnValueError(`its result does not fit its outputSchema: ${checked.problems.join('; ')}`);
  return result;
}

/** Leaves out what the client's protocol version does not have. */
function fitResult(result: CallToolResult, version: ProtocolVersion): CallToolResult {
  if (Array.isArray(result.content)) result.content = fitBlocks(result.content, version);
  if (result.structuredContent !== undefined && !takesStructured(version, result.structuredContent))
    delete result.structuredContent;
  return result;
}

/**
 * The result of a tool call.
 *
 * @param returned what the function returned
 * @throws ReturnValueError if the value does not fit the tool's `return_type` or `outputSchema`
 */
export function toToolResult(
  definition: ToolDefinition,
  returned: unknown,
  version: ProtocolVersion,
  callId: string,
): CallToolResult {
  const passed = passedResult(definition, returned);
  if (passed !== undefined) return fitResult(passed as CallToolResult, version);
  const foreign = returned instanceof ForeignValue ? returned : undefined;
  const value = foreign === undefined ? returned : foreign.value;
  refuseUnsendable(value);
  const raw = definition.return_type === 'mcp' || (definition.return_type === undefined && looksLikeResult(value));
  let result = raw ? rawResult(value) : byReturnType(definition, value, foreign, callId);
  if (definition.outputSchema !== undefined) result = structured(definition, definition.outputSchema, result, value, raw);
  return fitResult(result, version);
}

/** A tool result that says what went wrong, for the model to read. */
export function toolError(text: string): CallToolResult {
  return { content: [block(text)], isError: true };
}

function resourceContent(uri: string, mimeType: string | undefined, value: unknown): JsonObject {
  if (typeof value === 'string') return { uri, mimeType: mimeType ?? 'text/plain', text: value };
  const bytes = bytesOf(value);
  if (bytes !== undefined)
    return { uri, mimeType: mimeType ?? blobType(value) ?? 'application/octet-stream', blob: toBase64(bytes) };
  if (!isObject(value) || !('text' in value || 'blob' in value)) {
    return { uri, mimeType: mimeType ?? 'application/json', text: asText(value) };
  }
  const { text, blob, ...rest } = value;
  const given = text === undefined ? blobText(blob) : undefined;
  const contents: JsonObject = {
    uri,
    ...(toJson(rest) as JsonObject),
    mimeType:
      rest['mimeType'] ?? mimeType ?? (given === undefined ? 'text/plain' : (given.mimeType ?? 'application/octet-stream')),
  };
  return given === undefined ? { ...contents, text: asText(text) } : { ...contents, blob: given.base64 };
}

/** Content with what its host needs to show it as a page (MCP Apps): hosts read it here, not in the list. */
const withPage = (content: JsonObject, ui: unknown): JsonObject =>
  ui === undefined || content['_meta'] !== undefined ? content : { ...content, _meta: { ui } };

/**
 * The result of `resources/read`.
 *
 * @param returned a string, bytes, `{ text }` or `{ blob }`, an array of those, `{ contents: [...] }`, or any JSON value
 * @throws DaemonError `resource_not_found` if the function returned undefined or null; ReturnValueError
 */
export function toResourceResult(
  definition: ResourceDefinition | ResourceTemplateDefinition,
  returned: unknown,
  uri: string,
): JsonObject {
  const passed = passedResult(definition, returned);
  if (passed !== undefined) return passed;
  const value = dataOf(returned);
  if (value === undefined || value === null) {
    throw resourceNotFound(uri);
  }
  refuseUnsendable(value);
  const raw = isObject(value) && Array.isArray(value['contents']) ? value['contents'] : undefined;
  const items =
    raw ??
    (Array.isArray(value) && value.every((item) => isObject(item) && ('text' in item || 'blob' in item)) ? value : [value]);
  const contents = items.map((item: unknown) => resourceContent(uri, definition.mimeType, item));
  const result: JsonObject = { contents: contents.map((content) => withPage(content, definition._meta?.['ui'])) };
  if (raw !== undefined && isObject(value) && isObject(value['_meta'])) result['_meta'] = toJson(value['_meta']);
  return result;
}

/** Checks one block that a function returned. */
function promptBlock(value: unknown, version: ProtocolVersion): ContentBlock {
  const [made = block('')] = fitBlocks(checkBlocks([value]), version);
  return made;
}

function promptMessage(value: unknown, version: ProtocolVersion): PromptMessage {
  if (!isObject(value) || (typeof value['type'] === 'string' && !('role' in value))) {
    return { role: 'user', content: typeof value === 'string' ? block(value) : promptBlock(value, version) };
  }
  const { role = 'user', content } = value;
  if (role !== 'user' && role !== 'assistant')
    throw new ReturnValueError(`a message's role must be "user" or "assistant", got ${jsonText(role)}`);
  if (typeof content === 'string') return { role, content: block(content) };
  return { role, content: promptBlock(content, version) };
}

/** The prompt of another server, with blocks that the client accepts. */
function fitPassedPrompt(prompt: JsonObject, version: ProtocolVersion): JsonObject {
  const { messages } = prompt;
  if (!Array.isArray(messages)) return prompt;
  const fit = (message: unknown): unknown => {
    if (!isObject(message) || !isObject(message['content'])) return message;
    const [content] = fitBlocks([message['content'] as ContentBlock], version);
    return content === message['content'] ? message : { ...message, content };
  };
  return { ...prompt, messages: messages.map(fit) };
}

/**
 * The result of `prompts/get`.
 *
 * @param returned a string, a message, an array of those, or `{ messages: [...], description? }`
 * @throws ReturnValueError if it is none of these
 */
export function toPromptResult(definition: PromptDefinition, returned: unknown, version: ProtocolVersion): JsonObject {
  const passed = passedResult(definition, returned);
  if (passed !== undefined) return fitPassedPrompt(passed, version);
  const value = dataOf(returned);
  if (value === undefined || value === null)
    throw new ReturnValueError('a prompt must return its messages, and returned nothing');
  refuseUnsendable(value);
  const raw = isObject(value) && Array.isArray(value['messages']);
  const list: unknown[] = raw ? (value['messages'] as unknown[]) : Array.isArray(value) ? value : [value];
  const description = raw && typeof value['description'] === 'string' ? value['description'] : definition.description;
  const result: JsonObject = { messages: list.map((item) => promptMessage(item, version)) };
  if (description !== undefined) result['description'] = description;
  if (raw && isObject(value['_meta'])) result['_meta'] = toJson(value['_meta']);
  return result;
}
