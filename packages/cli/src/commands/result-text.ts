/**
 * An MCP result as text for a person.
 */
import type { JsonObject } from '@mcp-daemon/core';

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** Bytes that a reader would not want on the terminal. */
function bytes(kind: string, mimeType: unknown, data: unknown): string {
  const size = typeof data === 'string' ? Buffer.byteLength(data, 'base64') : 0;
  return `[${kind}${typeof mimeType === 'string' ? ` ${mimeType}` : ''}, ${size} bytes; --json prints it]`;
}

/** The contents of a resource. */
function resource(contents: JsonObject): string {
  const { text, blob, mimeType, uri } = contents;
  return typeof text === 'string' ? text : bytes(String(uri ?? 'resource'), mimeType, blob);
}

function block(content: JsonObject): string {
  switch (content['type']) {
    case 'text':
      return String(content['text']);
    case 'image':
    case 'audio':
      return bytes(String(content['type']), content['mimeType'], content['data']);
    case 'resource':
      return isObject(content['resource']) ? resource(content['resource']) : JSON.stringify(content);
    case 'resource_link':
      return `${String(content['name'] ?? 'resource')}: ${String(content['uri'])}`;
    default:
      return JSON.stringify(content);
  }
}

/** The text of a tool's result, of a resource's contents or of a prompt's messages. */
export function resultText(result: JsonObject): string {
  if (Array.isArray(result['contents'])) return objects(result['contents']).map(resource).join('\n');
  if (Array.isArray(result['messages'])) {
    return objects(result['messages'])
      .map(({ role, content }) => `${String(role)}: ${isObject(content) ? block(content) : JSON.stringify(content)}`)
      .join('\n');
  }
  const content = objects(result['content']);
  if (content.length === 0 && result['structuredContent'] !== undefined)
    return JSON.stringify(result['structuredContent'], null, 2);
  return content.map(block).join('\n');
}
