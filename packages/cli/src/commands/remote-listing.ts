/**
 * Lists what a running MCP server offers, over Streamable HTTP.
 */
import type { JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import type { ListedPrompt, ListedResource, ListedTemplate, ListedTool, Listing } from '../typescript/listing.js';
import type { RemoteClient } from './remote-client.js';
import { connectRemote } from './remote-client.js';

/** Pages of one list; a server that never ends its list would keep the command running. */
const MAX_PAGES = 1_000;

const isText = (value: unknown): value is string => typeof value === 'string';

/** All entries of a list. @throws Failure where the server answers with something else */
async function entriesOf(client: RemoteClient, method: string, key: string): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let cursor: unknown;
  for (let page = 0; page < MAX_PAGES; page++) {
    const result = await client.request(method, isText(cursor) ? { cursor } : {});
    const entries: unknown = result[key];
    if (!Array.isArray(entries) || !entries.every((entry) => isObject(entry) && isText(entry['name'])))
      throw new Failure(`the server answers ${method} with something that is no list of ${key}`);
    found.push(...(entries as JsonObject[]));
    cursor = result['nextCursor'];
    if (!isText(cursor)) return found;
  }
  throw new Failure(`the server answers ${method} with more than ${MAX_PAGES} pages`);
}

/** What kinds of entries have in common. */
function baseOf({ name, title, description }: JsonObject): Pick<ListedTool, 'name' | 'title' | 'description'> {
  const text = (value: unknown): string | undefined => (isText(value) ? value : undefined);
  return { name: String(name), title: text(title), description: text(description) };
}

const toolOf = (entry: JsonObject): ListedTool => {
  const { inputSchema, outputSchema } = entry;
  return {
    ...baseOf(entry),
    inputSchema: isObject(inputSchema) ? inputSchema : { type: 'object' },
    outputSchema: isObject(outputSchema) ? outputSchema : undefined,
  };
};

const typeOf = ({ mimeType }: JsonObject): string | undefined => (isText(mimeType) ? mimeType : undefined);

const resourceOf = (entry: JsonObject): ListedResource => ({
  ...baseOf(entry),
  uri: String(entry['uri']),
  mimeType: typeOf(entry),
});

const templateOf = (entry: JsonObject): ListedTemplate => ({
  ...baseOf(entry),
  uriTemplate: String(entry['uriTemplate']),
  mimeType: typeOf(entry),
});

const promptOf = (entry: JsonObject): ListedPrompt => {
  const listed: unknown[] = Array.isArray(entry['arguments']) ? entry['arguments'] : [];
  const named = listed.filter((each): each is JsonObject => isObject(each) && isText(each['name']));
  return { ...baseOf(entry), arguments: named.map((each) => ({ ...baseOf(each), required: each['required'] === true })) };
};

/**
 * Lists what a server offers.
 *
 * @param url its MCP endpoint
 * @param headers what to send with each request, such as a token
 * @throws Failure where the server cannot be reached, refuses, or does not speak MCP; the message has no header
 */
export async function listServer(url: string, headers: Readonly<Record<string, string>>): Promise<Listing> {
  const client = await connectRemote(url, headers);
  try {
    const has = (capability: string): boolean => client.capabilities[capability] !== undefined;
    const list = (capability: string, method: string, key: string): Promise<JsonObject[]> =>
      has(capability) ? entriesOf(client, method, key) : Promise.resolve([]);
    // One after the other: some servers count requests.
    const tools = await list('tools', 'tools/list', 'tools');
    const resources = await list('resources', 'resources/list', 'resources');
    const templates = await list('resources', 'resources/templates/list', 'resourceTemplates');
    const prompts = await list('prompts', 'prompts/list', 'prompts');
    return {
      tools: tools.map(toolOf),
      resources: resources.map(resourceOf),
      templates: templates.map(templateOf),
      prompts: prompts.map(promptOf),
    };
  } finally {
    await client.close();
  }
}
