/** Reads the lists of another server, page by page. */
import type { ClientCapabilities, Implementation, JsonObject } from '@mcp-daemon/core';
import { isObject } from '@mcp-daemon/core';

import type { Connection, ListName } from './connection.js';
import type { Greeting } from './handshake.js';
import { modernMeta } from './handshake.js';

/** What a server offers, as it sent it. */
export interface Offer {
  readonly tools: readonly JsonObject[];
  readonly resources: readonly JsonObject[];
  readonly resourceTemplates: readonly JsonObject[];
  readonly prompts: readonly JsonObject[];
}

/** An offer of nothing. */
export const NOTHING: Offer = { tools: [], resources: [], resourceTemplates: [], prompts: [] };

/** Bounds of one list: pages and entries. */
const MAX_PAGES = 2_000;
const MAX_ENTRIES = 100_000;

const METHODS: Readonly<Record<keyof Offer, string>> = {
  tools: 'tools/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
  prompts: 'prompts/list',
};

const METHOD_NOT_FOUND = -32601;

/** Reads one list. @throws Error if the server refuses, or sends something else */
async function readList(
  connection: Connection,
  key: keyof Offer,
  { era }: Greeting,
  client: Implementation,
): Promise<JsonObject[]> {
  const capabilities: ClientCapabilities = {};
  const _meta = era === 'modern' ? { _meta: modernMeta(client, capabilities) } : {};
  const entries: JsonObject[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await connection.request(METHODS[key], { ..._meta, ...(cursor === undefined ? {} : { cursor }) });
    const { result, error } = answer;
    // A server may have resources and no templates.
    if (error?.code === METHOD_NOT_FOUND && page === 0) return [];
    if (error !== undefined) throw new Error(`it refuses ${METHODS[key]}: ${error.message.slice(0, 300)}`);
    const list = result?.[key];
    if (!Array.isArray(list)) throw new Error(`its answer to ${METHODS[key]} has no list`);
    for (const entry of list as unknown[]) if (isObject(entry)) entries.push(entry);
    if (entries.length > MAX_ENTRIES) throw new Error(`${METHODS[key]} has more than ${MAX_ENTRIES} entries`);
    const next = result?.['nextCursor'];
    if (typeof next !== 'string' || next === '') return entries;
    if (seen.has(next)) throw new Error(`${METHODS[key]} does not end: a cursor came twice`);
    seen.add(next);
    cursor = next;
  }
  throw new Error(`${METHODS[key]} has more than ${MAX_PAGES} pages`);
}

/**
 * Reads what a server offers.
 *
 * @param which the lists to read again. Default: all that the server declares
 * @param before what is kept of the other lists
 */
export async function readOffer(
  connection: Connection,
  greeting: Greeting,
  client: Implementation,
  which: readonly ListName[] = ['tools', 'resources', 'prompts'],
  before: Offer = NOTHING,
): Promise<Offer> {
  const has = (list: ListName): boolean => which.includes(list) && isObject(greeting.capabilities[list]);
  const read = (list: ListName, key: keyof Offer): Promise<readonly JsonObject[]> =>
    has(list) ? readList(connection, key, greeting, client) : Promise.resolve(which.includes(list) ? [] : before[key]);
  const [tools, resources, resourceTemplates, prompts] = await Promise.all([
    read('tools', 'tools'),
    read('resources', 'resources'),
    read('resources', 'resourceTemplates'),
    read('prompts', 'prompts'),
  ]);
  return { tools, resources, resourceTemplates, prompts };
}
