import {
  catalogStoreContract,
  exampleFunctionRow,
  exampleModuleRow,
  exampleRecord,
  storeContract,
} from '../../src/contract/index.js';
import { createMemoryStore } from '../../src/memory/store.js';
import type { Store } from '../../src/ports/calls.js';
import { DaemonError } from '../../src/protocol/errors.js';
import type { CachedStore, CachedStoreOptions } from '../../src/stored/cached.js';
import { createCachedStore } from '../../src/stored/cached.js';

describe('the contract of a store, through its cache', () => {
  for (const check of storeContract) {
    if (!check.name.includes('own copies')) it(check.name, () => check.run(() => createCachedStore(createMemoryStore())));
  }
});

describe('the contract of a catalog store, through a cache of the same process', () => {
  for (const check of catalogStoreContract) {
    if (check.name.includes('own copies') || check.name.includes('close may')) continue;
    it(check.name, () =>
      check.run(() => {
        const store = createCachedStore(createMemoryStore());
        return { catalogs: store.catalogs!, close: () => store.close() };
      }),
    );
  }
});

describe('a store whose reads are kept', () => {
  let store: Store;
  let reads: string[];
  let down: boolean;
  let now: number;
  beforeEach(() => {
    [store, reads, down, now] = [createMemoryStore(), [], false, 0];
  });

  /** The store, with its reads counted; they fail while it is down. */
  function counted(): Store {
    const spy = <T extends object>(target: T): T =>
      new Proxy(target, {
        get: (object, method: string) => {
          const member = (object as Record<string, unknown>)[method];
          if (typeof member !== 'function') return member;
          return (...args: unknown[]): unknown => {
            if (down) throw new DaemonError('store_failed', 'down');
            reads.push(method);
            return (member as (...given: unknown[]) => unknown)(...args);
          };
        },
      });
    return { ...store, calls: spy(store.calls), catalogs: spy(store.catalogs!) };
  }
  const open = (options: CachedStoreOptions = {}): CachedStore => createCachedStore(counted(), { now: () => now, ...options });
  const took = (): string[] => reads.splice(0);

  it('reads each thing once, until somebody changes the partition', async () => {
    await store.catalogs!.touch('acme');
    const cached = open();
    const { catalogs } = cached as Required<Store>;
    const readAll = async (): Promise<void> => {
      await catalogs.head('acme');
      await catalogs.rows('acme');
      await catalogs.setting('acme', 's');
      await catalogs.settings('acme');
      await catalogs.history('acme');
      await catalogs.text('acme', 'x');
      await catalogs.partitions();
    };
    await readAll();
    const everything = ['head', 'rows', 'setting', 'settings', 'history', 'text', 'partitions'];
    expect(took()).toEqual(everything);
    await readAll();
    expect(took()).toEqual(['head']);
    await store.catalogs!.touch('acme'); // as another process does
    await readAll();
    expect(took()).toEqual(everything);
    expect(cached.stats().catalogs).toMatchObject({ hits: 5, misses: 10, entries: 5 });
  });

  it('reads rows that are the catalog again soon, although the partition has a head: others write them, and change no head', async () => {
    await store.catalogs!.touch('acme');
    const { catalogs } = open({ callsTtlMs: 2_000 }) as Required<Store>;
    const names = async (): Promise<string[]> => {
      await catalogs.head('acme');
      return (await catalogs.rows('acme')).functions.map(({ name }) => name);
    };
    expect(await names()).toEqual([]);
    await store.catalogs!.writeRows('acme', { putFunctions: [exampleFunctionRow('new')] }, 'engine');
    expect(await names()).toEqual([]);
    now += 2_001;
    expect(await names()).toEqual(['new']);
  });

  it('gives what it has while the store is gone, and while it is read again', async () => {
    const cached = open();
    const { catalogs, calls } = cached as Required<Store>;
    await catalogs.touch('acme');
    await store.catalogs!.putSetting('acme', { setting_id: 's', setting: { a: 1 } }, 'ada');
    const value = async (): Promise<unknown> => (await catalogs.setting('acme', 's'))?.setting;
    expect(await value()).toEqual({ a: 1 });
    expect((await calls.list('acme', {})).items).toEqual([]);
    await store.catalogs!.putSetting('acme', { setting_id: 's', setting: { a: 2 } }, 'ada');
    down = true;
    now = 31 * 60_000;
    expect(await value()).toEqual({ a: 1 });
    now = 20 * 60_000;
    expect((await calls.list('acme', {})).items).toEqual([]);
    down = false;
    now = 31 * 60_000;
    expect(await value()).toEqual({ a: 1 });
    expect(await value()).toEqual({ a: 2 });
    down = true;
    now += 61 * 60_000;
    await expect(async () => value()).rejects.toThrow('down');
    expect(cached.stats().catalogs.failures).toBe(2);
  });

  it('drops a module with its functions, their lists of calls and its settings', async () => {
    const cached = open();
    const { catalogs, calls } = cached as Required<Store>;
    await catalogs.touch('acme');
    const module = exampleModuleRow('m', { classes: [{ class_name: 'A', setting_id: 's' }] });
    await catalogs.writeRows(
      'acme',
      { putFunctions: [exampleFunctionRow('f', { module_name: 'm' }), exampleFunctionRow('g')], putModules: [module] },
      'ada',
    );
    const readAll = async (): Promise<string[]> => {
      took();
      await catalogs.rows('acme');
      await catalogs.setting('acme', 's');
      await catalogs.setting('acme', 'other');
      for (const name of ['f', 'g']) await calls.count('acme', { name });
      await calls.list('acme', {});
      return took();
    };
    expect(await readAll()).toEqual(['rows', 'setting', 'setting', 'count', 'count', 'list']);
    expect(await readAll()).toEqual([]);
    cached.purge('acme', { module: 'm' });
    expect(await readAll()).toEqual(['rows', 'setting', 'count']);
    await catalogs.writeRows('acme', { putModules: [module] }, 'ada');
    expect(await readAll()).toEqual(['rows', 'setting', 'count']);
    await catalogs.writeRows('acme', { deleteModules: ['m'], deleteFunctions: ['g'] }, 'ada');
    expect(await readAll()).toEqual(['rows', 'setting', 'count', 'count']);
    cached.purge('acme', { function: 'g' });
    expect(await readAll()).toEqual(['rows', 'count']);
    cached.purge('acme', { setting: 'other' });
    expect(await readAll()).toEqual(['setting']);
    cached.purge('other');
    expect(await readAll()).toEqual([]);
    cached.purge('acme');
    expect(await readAll()).toHaveLength(6);
    cached.purge();
    expect(await readAll()).toHaveLength(6);
  });

  it('reads lists of calls again when a call was written here, and soon when it was written elsewhere', async () => {
    const { calls } = open();
    const row = exampleRecord({ partition_key: 'acme', name: 'f' });
    const list = async (name?: string): Promise<number> =>
      (await calls.list('acme', name === undefined ? {} : { name })).items.length;
    const both = async (): Promise<number[]> => [await list(), await list('f'), await list('g')];
    expect(await both()).toEqual([0, 0, 0]);
    await calls.write([row]);
    expect(await both()).toEqual([1, 1, 0]);
    await store.calls.write([exampleRecord({ partition_key: 'acme', name: 'f' })]);
    expect(await both()).toEqual([1, 1, 0]);
    now += 2_000;
    expect(await both()).toEqual([2, 2, 0]);
    await calls.prune('acme', { count: 0 });
    expect(await both()).toEqual([0, 0, 0]);
  });

  it('reads rows soon again where they are the catalog, as others write them', async () => {
    const { catalogs } = open() as Required<Store>;
    expect(await catalogs.head('acme')).toBeUndefined();
    expect((await catalogs.rows('acme')).functions).toEqual([]);
    await store.catalogs!.writeRows('acme', { putFunctions: [exampleFunctionRow('f')] }, 'engine');
    expect((await catalogs.rows('acme')).functions).toEqual([]);
    now += 2_000;
    expect((await catalogs.rows('acme')).functions).toHaveLength(1);
  });

  it('is a store without catalogs where that is what it keeps', () => {
    const { catalogs: _, ...plain } = createMemoryStore();
    const cached = createCachedStore({ ...plain, lost: 3 });
    expect(cached.catalogs).toBeUndefined();
    expect(cached.lost).toBe(3);
  });
});
