/** Runs the operations of operations.graphql, as users of the Python engine send them, on one store. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import type { Daemon, Store } from '@mcp-daemon/core';
import { createDaemon, createStoredSource } from '@mcp-daemon/core';
import type { GraphqlApi } from '@mcp-daemon/graphql';
import { createGraphqlApi } from '@mcp-daemon/graphql';

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** What an operation gave: its data, and the codes of its errors. */
export interface Ran {
  operation: string;
  variables: Record<string, unknown>;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- answers are compared as they are
  data: any;
  codes: unknown[];
}

/** Sends operations to one store. */
export interface Client {
  /** Sends an operation of the file. */
  send(operation: string, variables?: Record<string, unknown>): Promise<Ran>;
  /** All that was sent, without what differs from run to run: ids, times and cursors. */
  readonly log: Ran[];
  readonly daemon: Daemon;
  close(): Promise<void>;
}

const VOLATILE = new Set([
  'ping',
  'to',
  'updatedAtGt',
  'from',
  'revision',
  'createdAt',
  'updatedAt',
  'mcpFunctionCallUuid',
  'settingId',
  'endCursor',
  'after',
  'id',
  'start',
]);

/** A value in which what differs from run to run is only said to be there. */
function stable(value: unknown, key = ''): unknown {
  if (key === 'partitionKey') return '<partition>';
  if (VOLATILE.has(key) && value !== null && value !== undefined) return `<${key}>`;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => stable(item));
    // Newest first: by the time of creation, in DynamoDB by the time of the last change.
    return key === 'mcpFunctionCallList' ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, stable(item, name)]));
}

/** A daemon on a store, and its API. */
export async function clientOf(store: Store): Promise<Client> {
  // Of its own: the tables of DynamoDB Local have the partitions of other runs.
  const partition = `acme#${randomUUID()}`;
  const text = await readFile(new URL('operations.graphql', import.meta.url), 'utf8');
  const { catalogs } = store;
  if (catalogs === undefined) throw new Error('the store keeps no catalogs');
  const daemon = createDaemon({ catalogs: createStoredSource({ catalogs, logger: SILENT, pollMs: 60_000 }), store });
  // The whole file is one document, of which each request chooses one operation.
  const api: GraphqlApi = createGraphqlApi({ daemon, limits: { timeLimitMs: 60_000 } });
  const log: Ran[] = [];
  return {
    log,
    daemon,
    async send(operationName, variables = {}) {
      const operation = { query: text, variables, operationName };
      const prepared = api.prepare(operation);
      const caller = { partition, subject: 'ada', role: 'admin', signal: new AbortController().signal } as const;
      const { data, errors = [] }: Awaited<ReturnType<GraphqlApi['execute']>> =
        'errors' in prepared ? prepared : await api.execute(prepared, operation, caller);
      const ran: Ran = {
        operation: operationName,
        variables,
        data: JSON.parse(JSON.stringify(data ?? null)) as unknown,
        codes: errors.map(({ extensions }) => extensions['code']),
      };
      log.push(stable(ran) as Ran);
      return ran;
    },
    close: () => daemon.close({ drainMs: 0 }),
  };
}

const SCHEMA = {
  type: 'object',
  properties: { cityName: { type: 'string' }, max_days: { type: 'integer', default: 3 } },
  required: ['cityName'],
};

/** The config that is loaded, in the spelling of the Python engine's users: keys of both kinds. */
export const MIXED_CONFIG = {
  tools: [
    { name: 'search', description: 'Searches', inputSchema: SCHEMA, annotations: { readOnlyHint: true }, isAsync: true },
    { name: 'fetch', description: 'Fetches', input_schema: { type: 'object', properties: { some_key: {} } }, is_async: false },
  ],
  resources: [{ uri: 'note:///a', name: 'note', description: 'A note', mime_type: 'text/plain' }],
  prompts: [{ name: 'ask', description: 'Asks', arguments: [{ name: 'who', description: 'whom', required: true }] }],
  moduleLinks: [
    { type: 'tool', name: 'search', moduleName: 'finder', className: 'Finder', functionName: 'search', returnType: 'text' },
    { type: 'tool', name: 'fetch', module_name: 'finder', class_name: 'Finder', function_name: 'fetch', return_type: 'text' },
  ],
  module_links: [
    { type: 'tool', name: 'search', moduleName: 'finder', className: 'Finder', functionName: 'search', returnType: 'text' },
    { type: 'tool', name: 'fetch', module_name: 'finder', class_name: 'Finder', function_name: 'fetch', return_type: 'text' },
    { type: 'resource', name: 'note', module_name: 'finder', class_name: 'Finder', function_name: 'note' },
    { type: 'prompt', name: 'ask', module_name: 'finder', class_name: 'Finder', function_name: 'ask' },
  ],
  modules: [
    {
      packageName: 'finder_package',
      module_name: 'finder',
      className: 'Finder',
      setting: { api_key: 'k', baseUrl: 'u', depth: 2 },
    },
  ],
};

/** Runs every operation of the engine's schema, and those beyond it, on an empty store. */
export async function runOperations({ send }: Client): Promise<void> {
  const updatedBy = 'ada';
  await send('ping');
  const setting = { api_key: 'secret', baseUrl: 'https://a.test', limits: { maxRows: 5, is_on: true }, token: 'env:TOKEN' };
  await send('insertUpdateMcpSetting', { setting, updatedBy });
  const madeList = await send('mcpSettingList', { limit: 10 });
  if (madeList.data.mcpSettingList.total !== 1) throw new Error('the setting is not there');
  await send('insertUpdateMcpSetting', { settingId: 'unknown', setting: {}, updatedBy });
  await send('insertUpdateMcpModule', {
    ...{ moduleName: 'weather', packageName: 'weather_package', updatedBy },
    classes: [{ className: 'Weather' }, { class_name: 'Climate' }],
  });
  await send('insertUpdateMcpModule', { moduleName: 'broken', packageName: 'x', source: 's3', updatedBy });
  const tool = { mcpType: 'tool', moduleName: 'weather', className: 'Weather', isAsync: false, updatedBy };
  await send('insertUpdateMcpFunction', {
    ...{ ...tool, name: 'weather', description: 'Tells the weather', functionName: 'tell', returnType: 'text' },
    ...{ data: { inputSchema: SCHEMA }, annotations: '{"title":"Weather"}' },
  });
  await send('insertUpdateMcpFunction', { ...tool, name: 'climate', functionName: 'climate', data: { input_schema: SCHEMA } });
  await send('insertUpdateMcpFunction', {
    ...{ name: 'readme', mcpType: 'resource', description: 'Read me', moduleName: 'docs', functionName: 'readme', updatedBy },
    data: { uri: 'file:///readme', mimeType: 'text/plain' },
  });
  await send('insertUpdateMcpFunction', {
    ...{ name: 'greet', mcpType: 'prompt', moduleName: 'docs', functionName: 'greet', updatedBy },
    data: { arguments: [{ name: 'who', required: true }] },
  });
  await send('insertUpdateMcpFunction', { ...tool, name: 'bad', functionName: 'x', data: { inputSchema: { type: 'nothing' } } });
  await send('insertUpdateMcpFunction', { ...tool, name: 'weather', description: null });
  await send('insertUpdateMcpFunction', { ...tool, name: 'weather', updatedBy: 'somebody else' });
  for (const name of ['weather', 'climate', 'none']) await send('mcpFunction', { name });
  await send('catalog');
  for (const filter of [
    {},
    { mcpType: 'tool' },
    { description: 'Read' },
    { moduleName: 'docs' },
    { className: 'Weather', functionName: 'tell' },
    { mcpType: 'tool', moduleName: 'docs' },
    { limit: 2, pageNumber: 2 },
    { pageNumber: 9 },
    { limit: 1_000_000 },
  ])
    await send('mcpFunctionList', filter);
  for (const moduleName of ['weather', 'none']) await send('mcpModule', { moduleName });
  for (const filter of [{}, { moduleName: 'wea' }, { mcpType: 'tool' }, { className: 'Climate' }, { functionName: 'none' }])
    await send('mcpModuleList', filter);
  await send('mcpSetting', { settingId: 'none' });

  const calls: string[] = [];
  for (const [index, name] of ['weather', 'climate', 'weather', 'greet', 'weather'].entries()) {
    const made = await send('insertUpdateMcpFunctionCall', {
      ...{ name, mcpType: name === 'greet' ? 'prompt' : 'tool', status: 'initial', updatedBy },
      arguments: { cityName: 'Bern', max_days: index, nested: { some_key: [1, null, 'ä'] } },
    });
    calls.push(made.data.insertUpdateMcpFunctionCall.mcpFunctionCall.mcpFunctionCallUuid as string);
  }
  const [first, second, third] = calls as [string, string, string];
  await send('insertUpdateMcpFunctionCall', {
    ...{ mcpFunctionCallUuid: first, status: 'completed', content: 'sunny', timeSpent: 1_500, updatedBy },
  });
  await send('insertUpdateMcpFunctionCall', {
    ...{ mcpFunctionCallUuid: second, status: 'failed', notes: 'no such city', timeSpent: 20, contentInS3: true, updatedBy },
  });
  await send('insertUpdateMcpFunctionCall', { mcpFunctionCallUuid: third, arguments: null, status: 'completed', updatedBy });
  await send('insertUpdateMcpFunctionCall', { mcpFunctionCallUuid: first, status: 'nothing', updatedBy });
  await send('insertUpdateMcpFunctionCall', { mcpFunctionCallUuid: '019a0000-0000-7000-8000-000000000000', updatedBy });
  for (const mcpFunctionCallUuid of [first, second, third, 'none']) await send('mcpFunctionCall', { mcpFunctionCallUuid });
  const now = Date.now();
  for (const filter of [
    { name: 'weather', status: 'completed' },
    { mcpType: 'prompt' },
    { status: 'failed' },
    { updatedAtGt: new Date(now - 3_600_000).toISOString().replace('Z', '+00:00'), updatedAtLt: '2999-01-01T00:00:00' },
    { updatedAtLt: '2020-01-01' },
    { name: 'none' },
  ])
    await send('mcpFunctionCallList', filter);
  for (const by of ['FUNCTION', 'SUBJECT', 'STATUS']) await send('callStatistics', { by });
  await send('callStatistics', { by: 'HOUR', since: '2016-01-01', until: '2026-01-01' });
  for (const mcpFunctionCallUuid of [second, second]) await send('deleteMcpFunctionCall', { mcpFunctionCallUuid });

  await send('deleteMcpModule', { moduleName: 'weather' });
  for (const name of ['climate', 'climate']) await send('deleteMcpFunction', { name });
  await send('deleteMcpSetting', { settingId: 'none' });

  await send('loadMcpConfiguration', {
    mcpConfiguration: MIXED_CONFIG,
    variables: { api_key: 'from variables', none: 1 },
    updatedBy,
  });
  await send('loadMcpConfiguration', { packageName: 'p', moduleName: 'm', updatedBy });
  await send('loadMcpConfiguration', { packageBase64: Buffer.from('PK\u0003\u0004').toString('base64'), updatedBy });
  await send('loadMcpConfiguration', { mcpConfiguration: { tools: [{ name: 1 }] }, updatedBy });
  await send('generateMcpPackageUploadUrl', { packageName: 'p' });
  await send('processMcpPackage', { packageName: 'p', moduleName: 'm', s3Key: 'p.zip' });
  await send('catalog');
  await send('revisions');
  await send('mcpFunctionList', {});
  await send('mcpFunction', { name: 'fetch' });
  await send('insertUpdateMcpFunction', { ...tool, name: 'weather', description: 'As a revision' });
  await send('deleteMcpFunction', { name: 'ask' });

  const config = { ...MIXED_CONFIG, moduleLinks: undefined, tools: [], module_links: MIXED_CONFIG.module_links.slice(2) };
  const plain = {
    resources: [{ uri: 'note:///a', name: 'note', mimeType: 'text/plain' }],
    module_links: [{ type: 'resource', name: 'note', module_name: 'finder', class_name: 'Finder', function_name: 'note' }],
  };
  await send('plan', { config });
  await send('plan', { config: plain });
  await send('applyConfig', { config: plain, note: 'less' });
  await send('applyConfig', { config: plain, note: 'less', parent: null, allowBreaking: true });
  await send('applyConfig', { config: plain, note: 'less', allowBreaking: true });
  await send('applyConfig', { configText: '{ "tools": [ /* none */ ' });
  const { data } = await send('history');
  const [newest, before] = data.revisions.revisionList as { id: string; revision: string }[];
  await send('diff', { from: before?.id });
  await send('diff', { from: 'abcdef', to: newest?.id });
  await send('rollback', { revision: before?.revision.slice(0, 12), note: 'back' });
  await send('rollback', { revision: before?.id });
  await send('catalog');
  await send('mcpFunctionList', {});
}
