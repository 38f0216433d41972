/**
 * Formats an MCP result as text.
 */
import type { JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

const objects = (value: unknown): JsonObject[] => (Array.isArray(value) ? value.filter(isObject) : []);

/** A placeholder for binary data. */
function bytes(kind: string, mimeType: unknown, data: unknown): string {
  const size = typeof data === 'string' ? Buffer.byteLength(data, 'base64') : 0;
  return `[${kind}${typeof mimeType === 'string' ? ` ${mimeType}` : ''}, ${size} bytes; --json prints it]`;
}

/** The text of a resource. */
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
