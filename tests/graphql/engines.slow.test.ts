/**
 * Every operation of the Python engine's schema, and those beyond it, as users write them: the same answers on all stores. With
 * DYNAMODB_LOCAL also on AWS's own DynamoDB Local, see scripts/dynamodb-local.mjs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { initDynamoStore, openDynamoStore } from '@mcp-daemon/aws';
import type { Store } from '@mcp-daemon/core';
import { createMemoryStore } from '@mcp-daemon/core';
import { openSqliteStore } from '@mcp-daemon/sqlite';

import { LOCAL, startDynalite } from '../../packages/aws/test/support.js';
import type { Client, Ran } from './operations.js';
import { clientOf, runOperations } from './operations.js';

const { DYNAMODB_LOCAL: local = '' } = process.env;

interface Opened {
  store: Store;
  stop: () => Promise<void>;
}

async function openSqlite(): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'mcpd-graphql-'));
  return {
    store: await openSqliteStore({ file: join(folder, 'calls.sqlite') }),
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function openDynamo(endpoint: string): Promise<Store> {
  await initDynamoStore({ ...LOCAL, endpoint });
  return openDynamoStore({ ...LOCAL, endpoint, expireAfterMs: 0 });
}

async function openDynalite(): Promise<Opened> {
  const engine = await startDynalite();
  return { store: await openDynamo(engine.endpoint), stop: () => engine.stop() };
}

const ENGINES: Record<string, () => Promise<Opened>> = {
  SQLite: openSqlite,
  dynalite: openDynalite,
  ...(local === '' ? {} : { 'DynamoDB Local': async () => ({ store: await openDynamo(local), stop: () => Promise.resolve() }) }),
};

async function logOf({ store, stop }: Opened): Promise<Ran[]> {
  const client: Client = await clientOf(store);
  try {
    await runOperations(client);
    return client.log;
  } finally {
    await client.close();
    await stop();
  }
}

const found = (log: readonly Ran[], operation: string): Ran[] => log.filter((ran) => ran.operation === operation);

describe('the operations of the Python engine', () => {
  let memory: Ran[];
  beforeAll(async () => {
    memory = await logOf({ store: createMemoryStore(), stop: () => Promise.resolve() });
  });

  it('are all sent', async () => {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile(new URL('operations.graphql', import.meta.url), 'utf8');
    const names = [...text.matchAll(/^(?:query|mutation) (\w+)/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(25);
    expect(new Set(memory.map(({ operation }) => operation))).toEqual(new Set(names));
  });

  it('change and show functions as they were given', () => {
    const [weather, climate, , , bad, changed, foreign] = found(memory, 'insertUpdateMcpFunction');
    expect(weather?.data.insertUpdateMcpFunction.mcpFunction).toMatchObject({
      ...{
        partitionKey: '<partition>',
        name: 'weather',
        annotations: '{"title":"Weather"}',
        returnType: 'text',
        updatedBy: 'ada',
      },
      data: { inputSchema: { properties: { cityName: { type: 'string' }, max_days: { default: 3 } }, required: ['cityName'] } },
    });
    expect(climate?.data.insertUpdateMcpFunction.mcpFunction.data.inputSchema.properties).toHaveProperty('max_days');
    expect(bad?.codes).toEqual(['CONFIG_INVALID']);
    expect(changed?.data.insertUpdateMcpFunction.mcpFunction).toMatchObject({ description: null, returnType: 'text' });
    expect(foreign?.codes).toEqual(['FORBIDDEN']);
  });

  it('filter lists by everything that is given', () => {
    const names = found(memory, 'mcpFunctionList').map(({ data, codes }) =>
      codes.length > 0 ? codes : data.mcpFunctionList.mcpFunctionList.map(({ name }: { name: string }) => name),
    );
    expect(names.slice(0, 9)).toEqual([
      ['climate', 'greet', 'readme', 'weather'],
      ['climate', 'weather'],
      ['readme'],
      ['greet', 'readme'],
      ['weather'],
      [],
      ['readme', 'weather'],
      [],
      ['LIMIT_EXCEEDED'],
    ]);
    const calls = found(memory, 'mcpFunctionCallList').map(({ data }) => data.mcpFunctionCallList.total);
    expect(calls).toEqual([2, 1, 1, 5, 0, 0]);
  });

  it('keep null and absent apart in records, and give JSON as it was', () => {
    const [first, second, third, none] = found(memory, 'mcpFunctionCall').map(({ data }) => data.mcpFunctionCall);
    expect(first).toEqual({
      ...{ name: 'weather', status: 'completed', content: 'sunny', contentState: 'KEPT', argumentsState: 'KEPT', notes: null },
      ...{
        arguments: { cityName: 'Bern', max_days: 0, nested: { some_key: [1, null, 'ä'] } },
        timeSpent: 1_500,
        timeSpentMs: 1_500,
      },
    });
    expect(second).toMatchObject({ status: 'failed', notes: 'no such city', content: null, contentState: 'NONE' });
    expect(third).toMatchObject({ arguments: null, argumentsState: 'NONE', status: 'completed', timeSpent: null });
    expect(none).toBeNull();
  });

  it('import a config of both spellings, and refuse what needs bundles', () => {
    const [loaded, byModule, byZip, wrong] = found(memory, 'loadMcpConfiguration');
    expect(loaded).toMatchObject({
      codes: [],
      data: {
        loadMcpConfiguration: { ok: true, stats: { tools: 2, resources: 1, prompts: 1, modules: 1, settings: 1 } },
      },
    });
    expect([byModule?.codes, byZip?.codes, wrong?.codes]).toEqual([['NOT_AVAILABLE'], ['NOT_AVAILABLE'], ['CONFIG_INVALID']]);
    expect(found(memory, 'catalog').map(({ data }) => data.catalog.origin)).toEqual(['ROWS', 'REVISIONS', 'REVISIONS']);
    expect(found(memory, 'mcpFunction').at(-1)?.data.mcpFunction.data).toEqual({
      inputSchema: { type: 'object', properties: { some_key: {} } },
    });
  });

  it('refuse changes that break callers, and changes on a parent that is not the newest', () => {
    expect(found(memory, 'applyConfig').map(({ codes }) => codes)).toEqual([
      ['BREAKING_CHANGES'],
      ['CONFLICT'],
      [],
      ['CONFIG_INVALID'],
    ]);
    expect(found(memory, 'rollback').map(({ codes, data }) => [codes, data?.rollback?.entry?.action])).toEqual([
      [[], 'rollback'],
      [['BAD_USER_INPUT'], undefined],
    ]);
  });

  it.each(Object.entries(ENGINES))('have the same answers on %s', async (_, open) => {
    const log = await logOf(await open());
    expect(log.map(({ operation }) => operation)).toEqual(memory.map(({ operation }) => operation));
    for (const [index, ran] of log.entries()) expect(ran).toEqual(memory[index]);
  });
});
