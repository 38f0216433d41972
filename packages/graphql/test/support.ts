/** A daemon with its API, and helpers to ask it. */
import type { CallRecord, CatalogDefinition, ConfigDocument, Daemon, DaemonOptions, Store } from '@mcp-daemon/core';
import { applyConfig, createDaemon, createMemoryStore, createStoredSource } from '@mcp-daemon/core';
import { exampleRecord } from '@mcp-daemon/core/contract';
import type { ExecutionResult } from 'graphql';

import type { GraphqlApi, GraphqlApiOptions, GraphqlCaller } from '../src/index.js';
import { createGraphqlApi } from '../src/index.js';

export const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A caller of a partition. */
export const callerOf = (over: Partial<GraphqlCaller> = {}): GraphqlCaller => ({
  ...{ partition: 'acme', subject: 'ada', role: 'admin', signal: new AbortController().signal },
  ...over,
});

/** A result as JSON. Its data may have any form: tests compare it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are compared as they are
export type Answer = any;

/** What clients get. */
export interface Asked {
  data?: Answer;
  errors?: { message: string; path?: unknown[]; extensions: Record<string, Answer> }[];
}

/** The result of a request as JSON, which is what clients get. */
export async function ask(
  api: GraphqlApi,
  query: string,
  variables: Record<string, unknown> = {},
  over: Partial<GraphqlCaller> = {},
): Promise<Asked> {
  const operation = { query, variables };
  const prepared = api.prepare(operation);
  const result: ExecutionResult =
    'errors' in prepared ? { errors: prepared.errors } : await api.execute(prepared, operation, callerOf(over));
  return JSON.parse(JSON.stringify(result)) as Asked;
}

/** The codes of the errors of a request. */
export async function codes(...request: Parameters<typeof ask>): Promise<unknown[]> {
  return ((await ask(...request)).errors ?? []).map(({ extensions }) => extensions['code']);
}

/** A config with two tools, a prompt and a resource, whose classes have settings. */
export const CONFIG: ConfigDocument = {
  tools: [
    {
      name: 'weather',
      description: 'Tells the weather',
      inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
    },
    { name: 'add', description: 'Adds numbers', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } },
  ],
  resources: [{ name: 'readme', uri: 'file:///readme', mimeType: 'text/plain' }],
  prompts: [{ name: 'greet', description: 'Greets', arguments: [{ name: 'who', required: true }] }],
  module_links: [
    { type: 'tool', name: 'weather', module_name: 'weather', class_name: 'Weather', function_name: 'tell' },
    { type: 'tool', name: 'add', module_name: 'math', function_name: 'add', return_type: 'text' },
    { type: 'resource', name: 'readme', module_name: 'math', function_name: 'readme' },
    { type: 'prompt', name: 'greet', module_name: 'math', function_name: 'greet' },
  ],
  modules: [
    {
      module_name: 'weather',
      class_name: 'Weather',
      package_name: 'weather-package',
      setting: { url: 'https://weather.test', key: 'env:WEATHER_KEY', token: 'secret-text', retries: 3, strict: true },
    },
    { module_name: 'math' },
  ],
};

/** A daemon on a store, and its API. */
export interface World {
  readonly api: GraphqlApi;
  readonly daemon: Daemon;
  readonly store: Store;
  ask(...request: Parameters<typeof ask> extends [unknown, ...infer R] ? R : never): ReturnType<typeof ask>;
  codes(...request: Parameters<typeof ask> extends [unknown, ...infer R] ? R : never): ReturnType<typeof codes>;
  close(): Promise<void>;
}

/** Makes a daemon that serves the partitions of a store. */
export function worldOf(
  store: Store = createMemoryStore(),
  options: Partial<GraphqlApiOptions> = {},
  catalog?: CatalogDefinition,
): World {
  const { catalogs } = store;
  const source: Pick<DaemonOptions, 'catalog' | 'catalogs'> =
    catalog !== undefined || catalogs === undefined
      ? { catalog: catalog ?? { revision: 'none', functions: [] } }
      : { catalogs: createStoredSource({ catalogs, logger: SILENT, pollMs: 60_000 }) };
  const daemon = createDaemon({ ...source, store });
  const api = createGraphqlApi({ daemon, ...options });
  return {
    ...{ api, daemon, store },
    ask: (...request) => ask(api, ...request),
    codes: (...request) => codes(api, ...request),
    close: () => daemon.close({ drainMs: 0 }),
  };
}

/** Imports {@link CONFIG} as a revision of a partition. */
export async function importConfig(store: Store, partition = 'acme', document: ConfigDocument = CONFIG): Promise<void> {
  if (store.catalogs === undefined) throw new Error('no catalogs');
  await applyConfig(store.catalogs, partition, document, { author: 'importer', note: 'first', allowBreaking: true });
}

/** A settled record. Times are a minute apart, so that their order is the same in every store. */
export const recordAt = (minute: number, over: Partial<CallRecord> = {}): CallRecord => {
  const time = Date.UTC(2026, 2, 8, 10, minute);
  const digits = time.toString(16).padStart(12, '0');
  return exampleRecord({
    partition_key: 'acme',
    mcp_function_call_uuid: `${digits.slice(0, 8)}-${digits.slice(8)}-7000-8000-${String(minute).padStart(12, '0')}`,
    created_at: time,
    updated_at: time,
    ...over,
  });
};
