/** Stores that fail, hang or end in the middle of a request. */
import type { CatalogStore, Store } from '@mcp-daemon/core';
import { createMemoryStore, DaemonError } from '@mcp-daemon/core';

import { callerOf, importConfig, recordAt, worldOf } from './support.js';

/** A memory store with some methods replaced. */
function broken(replace: (store: Store) => { calls?: Partial<Store['calls']>; catalogs?: Partial<CatalogStore> }): Store {
  const store = createMemoryStore();
  const { calls = {}, catalogs = {} } = replace(store);
  return { ...store, calls: { ...store.calls, ...calls }, catalogs: { ...store.catalogs, ...catalogs } as CatalogStore };
}

const hang = (): Promise<never> => new Promise<never>(() => undefined);

it('a store that hangs for records leaves an error beside the other data, after the time limit', async () => {
  const store = broken(() => ({ calls: { list: hang } }));
  const world = worldOf(store, { limits: { timeLimitMs: 2_000 } }); // enough for the other data
  await importConfig(store);
  const { data, errors } = await world.ask('{ mcpFunctionList { total } mcpFunctionCallList { total } ping }');
  expect(data).toEqual({ mcpFunctionList: { total: 4 }, mcpFunctionCallList: null, ping: expect.stringMatching(/^Hello at/) });
  expect(errors?.map(({ path, extensions }) => [path, extensions['code']])).toEqual([[['mcpFunctionCallList'], 'TIMEOUT']]);
  await world.close();
});

it('a store that hangs altogether leaves errors, and what needs no store', async () => {
  const store = broken(() => ({ catalogs: { head: hang }, calls: { list: hang, get: hang } }));
  const world = worldOf(store, { limits: { timeLimitMs: 50 } });
  const { data, errors } = await world.ask(
    '{ ping mcpFunction(name: "a") { name } mcpFunctionCall(mcpFunctionCallUuid: "x") { name } }',
  );
  expect(data).toEqual({ ping: expect.any(String), mcpFunction: null, mcpFunctionCall: null });
  expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['TIMEOUT', 'TIMEOUT']);
  const { errors: ofChange } = await world.ask('mutation { deleteMcpFunction(name: "a") { ok } }');
  expect(ofChange).toMatchObject([
    {
      message: 'The store did not answer within 50 ms. The change may be made all the same: look before you repeat it.',
      extensions: { code: 'TIMEOUT' },
    },
  ]);
  await world.close();
});

it('a store that fails is named by a code, and its message is not shown: it may have paths', async () => {
  const logged: string[] = [];
  const logger = { debug: () => undefined, info: () => undefined, error: () => undefined };
  const fail = (): never => {
    throw new DaemonError('store_failed', '/data/secret/calls.sqlite: disk I/O error');
  };
  const store = broken(() => ({ calls: { list: fail, count: fail } }));
  const world = worldOf(store, { logger: { ...logger, warn: (_, message) => void logged.push(message) } });
  const { data, errors } = await world.ask('{ ping mcpFunctionCallList { total } }');
  expect(data.ping).toBeDefined();
  expect(JSON.stringify(errors)).not.toContain('sqlite');
  expect(errors?.[0]?.extensions['code']).toBe('STORE_FAILED');
  expect(logged.join()).toContain('/data/secret/calls.sqlite');
  await world.close();
});

it('an unexpected error is not shown, and is logged with its stack', async () => {
  const logged: object[] = [];
  const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined };
  const fail = (): never => {
    throw new TypeError('secret-text at /srv/app.js');
  };
  const store = broken(() => ({ calls: { get: fail } }));
  const world = worldOf(store, { logger: { ...logger, error: (fields) => void logged.push(fields) } });
  const { errors } = await world.ask('{ mcpFunctionCall(mcpFunctionCallUuid: "x") { name } }');
  expect(JSON.stringify(errors)).not.toMatch(/secret-text|app\.js|TypeError|stack/);
  expect(errors?.[0]?.extensions['code']).toBe('INTERNAL_ERROR');
  expect(JSON.stringify(logged)).toContain('secret-text');
  await world.close();
});

it('a store that is closed is an error, and the daemon shutting down has a code', async () => {
  const world = worldOf();
  await world.close();
  expect(await world.codes('{ mcpFunctionList { total } }')).toEqual(['CLOSED']);
  expect((await world.ask('{ ping }')).errors).toBeUndefined();
});

it('a client that leaves ends its request at once', async () => {
  const world = worldOf(broken(() => ({ calls: { list: hang } })));
  const controller = new AbortController();
  const { data: _, ...request } = { data: 0, query: '{ mcpFunctionCallList { total } }' };
  const prepared = world.api.prepare(request);
  if ('errors' in prepared) throw new Error('refused');
  const result = world.api.execute(prepared, request, callerOf({ signal: controller.signal }));
  setImmediate(() => controller.abort());
  expect((await result).errors?.[0]?.extensions['code']).toBe('CANCELLED');
  await world.close();
});

describe('reads of the store', () => {
  it('are one for each kind and request, however many fields ask', async () => {
    const counts: Record<string, number> = {};
    const counted = <T extends object>(kind: string, target: T): T =>
      new Proxy(target, {
        get(from, name) {
          const member = from[name as keyof T] as unknown;
          if (typeof member !== 'function') return member;
          return (...args: unknown[]): unknown => {
            counts[`${kind}.${String(name)}`] = (counts[`${kind}.${String(name)}`] ?? 0) + 1;
            return (member as (...all: unknown[]) => unknown).apply(from, args);
          };
        },
      });
    const inner = createMemoryStore();
    await importConfig(inner);
    await inner.calls.write(Array.from({ length: 50 }, (_, index) => recordAt(index, { name: index % 2 ? 'add' : 'weather' })));
    const store: Store = {
      ...inner,
      calls: counted('calls', inner.calls),
      catalogs: counted('catalogs', inner.catalogs as CatalogStore),
    };
    const world = worldOf(store);
    await world.daemon.store();
    for (const key of Object.keys(counts)) counts[key] = 0;
    const query = `{
      mcpFunctionCallList { mcpFunctionCallList { name contentState mcpFunction { name mcpModule { moduleName mcpSettings { settingId classes } mcpFunctions { name } } } } }
      a: mcpFunctionList { mcpFunctionList { name status mcpModule { moduleName } } }
      b: mcpModuleList { mcpModuleList { mcpFunctions { name } mcpSettings { setting } } }
      c: mcpSettingList { mcpSettingList { settingId classes } }
    }`;
    const { data, errors } = await world.ask(query);
    expect(errors).toBeUndefined();
    expect(data.mcpFunctionCallList.mcpFunctionCallList).toHaveLength(50);
    const asked = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    expect(asked).toEqual({
      'calls.list': 2, // the first 20 with their bodies, then the rest
      'catalogs.head': 1,
      'catalogs.rows': 1,
      'catalogs.text': 1,
      'catalogs.settings': 1,
    });
    for (const key of Object.keys(counts)) counts[key] = 0;
    await world.ask(query);
    const again = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
    expect(again).toEqual({ 'calls.list': 2, 'catalogs.head': 1 });
    await world.close();
  });
});
