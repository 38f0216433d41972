import { jest } from '@jest/globals';

import { until } from '../../../../tests/until.js';
import type { Catalog, CatalogOptions } from '../../src/catalog/catalog.js';
import { createCatalog } from '../../src/catalog/catalog.js';
import type { CatalogDefinition, CatalogSource } from '../../src/index.js';
import { defineCatalog, defineTool } from '../../src/index.js';
import { deferred, memoryLogger } from '../support.js';

const catalogOf = (...names: string[]): CatalogDefinition =>
  defineCatalog({ functions: names.map((name) => defineTool({ name, run: () => name })) });

type Load = CatalogSource['load'];

/** Catalogs over a source of this `load`, with all that they said about it. */
function catalogsOver(
  load: Load,
  options: Partial<CatalogOptions> = {},
): { catalog: Catalog; log: ReturnType<typeof memoryLogger>; changes: string[] } {
  const log = memoryLogger();
  const changes: string[] = [];
  const catalog = createCatalog({
    source: { load },
    pageSize: 3,
    finish: (result) => result,
    logger: log.logger,
    onChange: (partition, { added, removed }, gone) =>
      void changes.push([partition, `+${added.join()}`, `-${removed.join()}`, ...(gone ? ['gone'] : [])].join(' ')),
    ...options,
  });
  return { catalog, log, changes };
}

const toolNames = async (catalog: Catalog, partition = 'a'): Promise<string[]> =>
  (await catalog.snapshot(partition)).definition.functions.map(({ name }) => name);

describe('the catalogs of partitions', () => {
  const definition = catalogOf('one');

  it('are loaded once, and again after a change; the same definition keeps its snapshot', async () => {
    let loads = 0;
    const { catalog, changes } = catalogsOver(() => ((loads += 1), definition));
    const first = await catalog.snapshot('a');
    expect(await catalog.snapshot('a')).toBe(first);
    expect(loads).toBe(1);
    catalog.refresh('a');
    expect(await catalog.snapshot('a')).toBe(first);
    expect(loads).toBe(2);
    expect(changes).toEqual([]);
  });

  it('are loaded again in time where their source wants to be asked, and served meanwhile', async () => {
    const clock = jest.spyOn(Date, 'now').mockReturnValue(0);
    try {
      let loads = 0;
      let current = definition;
      const answer = deferred<undefined>();
      const source: CatalogSource = {
        keepMs: 1_000,
        load: () => ((loads += 1), loads === 1 ? current : answer.promise.then(() => current)),
      };
      const { catalog, changes } = catalogsOver(() => undefined, { source });
      const first = await catalog.snapshot('a');
      clock.mockReturnValue(999);
      expect(catalog.snapshot('a')).toBe(first);
      expect(loads).toBe(1);
      clock.mockReturnValue(1_799);
      expect(catalog.snapshot('a')).toBe(first);
      expect(catalog.snapshot('a')).toBe(first);
      expect(loads).toBe(2);
      current = catalogOf('one', 'two');
      answer.resolve(undefined);
      await until(() => changes.length > 0, 'the change');
      expect(await toolNames(catalog)).toEqual(['one', 'two']);
      expect(changes).toEqual(['a +two -']);
      clock.mockReturnValue(1_799 + 1_800);
      expect(catalog.snapshot('a')).toBeInstanceOf(Promise);
    } finally {
      clock.mockRestore();
    }
  });

  it('are made again for a new definition, each for its own partition', async () => {
    let current = definition;
    const other = catalogOf('other');
    const { catalog, changes } = catalogsOver((partition) => (partition === 'a' ? current : other));
    const before = await catalog.snapshot('a');
    await catalog.snapshot('b');
    current = catalogOf('one', 'two');
    catalog.refresh('b');
    expect(await catalog.snapshot('a')).toBe(before);
    catalog.refresh('a');
    expect(await toolNames(catalog)).toEqual(['one', 'two']);
    expect(await toolNames(catalog, 'b')).toEqual(['other']);
    expect(changes).toEqual(['a +two -']);
  });

  it('may load asynchronously: requests at the same time share one load, and a failure is not cached', async () => {
    let loads = 0;
    const { catalog, log } = catalogsOver(async () => {
      loads += 1;
      await Promise.resolve();
      if (loads === 1) throw new Error('store is down');
      return definition;
    });
    const failed = await Promise.allSettled([catalog.snapshot('a'), catalog.snapshot('a')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(loads).toBe(1);
    expect(log.of('error')).toEqual(['the catalog of partition "a" could not be loaded: store is down']);
    expect(await catalog.snapshot('a')).toMatchObject({ revision: definition.revision });
  });

  it('are loaded again when their time is over, and a change found that way is announced', async () => {
    const clock = jest.spyOn(Date, 'now').mockReturnValue(0);
    try {
      let current = definition;
      const { catalog, changes } = catalogsOver(() => current, { ttlMs: 1_000 });
      await catalog.snapshot('a');
      current = catalogOf('two');
      clock.mockReturnValue(999);
      expect(await toolNames(catalog)).toEqual(['one']);
      clock.mockReturnValue(1_000);
      expect(await toolNames(catalog)).toEqual(['two']);
      expect(changes).toEqual(['a +two -one']);
    } finally {
      clock.mockRestore();
    }
  });

  it('do not exist for a partition that the source does not know', async () => {
    const refusal = expect.objectContaining({ code: 'invalid_request', message: 'There is no partition "a".' }) as Error;
    expect(() => catalogsOver(() => undefined).catalog.snapshot('a')).toThrow(refusal);
    const later = catalogsOver(async () => Promise.resolve(undefined));
    await expect(later.catalog.snapshot('a')).rejects.toEqual(refusal);
    expect(later.log.lines).toEqual([]);
    expect(later.catalog.loaded()).toEqual([]);
  });

  it('are not loaded after a change if they were never requested', () => {
    let loads = 0;
    const { catalog, changes } = catalogsOver(() => ((loads += 1), definition));
    catalog.refresh('a');
    expect(loads).toBe(0);
    expect(changes).toEqual([]);
  });

  it('that are known before the first request are compared with the first change', () => {
    const { catalog, changes } = catalogsOver(() => catalogOf('one', 'two'), { known: new Map([['a', definition]]) });
    expect(catalog.loaded()).toEqual([['a', definition]]);
    catalog.refresh('a');
    expect(changes).toEqual(['a +two -']);
  });

  it('of a partition that is removed and added again are announced both times', async () => {
    let current: CatalogDefinition | undefined = definition;
    const { catalog, changes } = catalogsOver(() => current);
    await catalog.snapshot('a');
    current = undefined;
    catalog.refresh('a');
    expect(catalog.loaded()).toEqual([]);
    expect(() => catalog.snapshot('a')).toThrow('There is no partition "a".');
    current = definition;
    catalog.refresh('a');
    expect(await toolNames(catalog)).toEqual(['one']);
    expect(changes).toEqual(['a + -one gone', 'a +one -']);
  });

  it('that are empty are announced too when their partition is removed', async () => {
    let current: CatalogDefinition | undefined = catalogOf();
    const { catalog, changes } = catalogsOver(() => current);
    await catalog.snapshot('a');
    current = undefined;
    catalog.refresh('a');
    expect(changes).toEqual(['a + - gone']);
  });

  it('are served even if their comparison fails, and the failure is logged', async () => {
    const broken = { revision: 'broken', functions: [null as never] };
    const { catalog, log } = catalogsOver(() => definition, { known: new Map([['a', broken]]) });
    catalog.refresh('a');
    await until(() => log.lines.length > 0, 'the failure in the log');
    expect(await toolNames(catalog)).toEqual(['one']);
    expect(log.of('error')).toEqual(['a change of the catalog of partition "a" failed']);
  });

  it('of the newest load win, regardless of the order of the answers', async () => {
    const answers = [deferred<CatalogDefinition>(), deferred<CatalogDefinition>(), deferred<CatalogDefinition>()];
    let loads = 0;
    const { catalog, changes } = catalogsOver(async () => answers[loads++]!.promise);
    const first = catalog.snapshot('a');
    answers[0]!.resolve(definition);
    await first;
    catalog.refresh('a');
    const overtaken = catalog.snapshot('a');
    catalog.refresh('a');
    answers[2]!.resolve(catalogOf('newest'));
    expect(await toolNames(catalog)).toEqual(['newest']);
    answers[1]!.resolve(catalogOf('older'));
    expect((await overtaken).definition.functions[0]?.name).toBe('newest');
    expect(await toolNames(catalog)).toEqual(['newest']);
    expect(changes).toEqual(['a +newest -one']);
  });

  it('may come from any thenable', async () => {
    const thenable = { then: (resolve: (value: CatalogDefinition) => void) => resolve(definition) };
    const { catalog } = catalogsOver(() => thenable as unknown as Promise<CatalogDefinition>);
    expect(await toolNames(catalog)).toEqual(['one']);
  });

  it('are cached for a maximum number of partitions, and unknown names evict none of them', async () => {
    const { catalog } = catalogsOver((name) => (name.startsWith('no') ? undefined : definition), { maxPartitions: 2 });
    for (const name of ['a', 'b']) await catalog.snapshot(name);
    for (const name of ['no1', 'no2', 'no3']) expect(() => catalog.snapshot(name)).toThrow();
    expect(catalog.loaded().map(([name]) => name)).toEqual(['a', 'b']);
    await catalog.snapshot('c');
    expect(catalog.loaded().map(([name]) => name)).toEqual(['b', 'c']);
    expect(await toolNames(catalog, 'a')).toEqual(['one']);
  });
});

describe('a source that fails after a change', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance', 'Date'] }));
  afterEach(() => void jest.useRealTimers());

  it('does not affect the last good catalog, is logged once, and is retried until it succeeds', async () => {
    let next: CatalogDefinition | Error = catalogOf('one');
    let loads = 0;
    const load = async (): Promise<CatalogDefinition> => {
      loads += 1;
      await Promise.resolve();
      if (next instanceof Error) throw next;
      return next;
    };
    const { catalog, log, changes } = catalogsOver(load, { retryMs: 1_000 });
    await catalog.snapshot('a');
    next = new Error('no route to host');
    catalog.refresh('a');
    expect(await toolNames(catalog)).toEqual(['one']);
    await jest.advanceTimersByTimeAsync(2_000);
    expect(loads).toBe(4);
    expect(await toolNames(catalog)).toEqual(['one']);
    expect(log.of('error')).toEqual([
      'the catalog of partition "a" could not be loaded, its last good one is still served: no route to host',
    ]);
    next = catalogOf('two');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(changes).toEqual(['a +two -one']);
    expect(await toolNames(catalog)).toEqual(['two']);
    expect(log.of('info')).toEqual(['the catalog of partition "a" can be loaded again']);
    expect([loads, jest.getTimerCount()]).toEqual([5, 0]); // no further try is planned
    await catalog.close();
  });

  it('may throw, and a catalog that cannot be served counts as a failure', async () => {
    let load: Load = () => catalogOf('one');
    const { catalog, log } = catalogsOver((partition) => load(partition));
    await catalog.snapshot('a');
    load = () => {
      throw new Error('at once');
    };
    catalog.refresh('a');
    expect(await toolNames(catalog)).toEqual(['one']);
    load = () => ({ revision: 'r', functions: [null as never] });
    catalog.refresh('a');
    expect(await toolNames(catalog)).toEqual(['one']);
    expect(log.of('error')).toHaveLength(1);
    await catalog.close();
  });

  it('has nothing to serve for a removed partition', async () => {
    let load: Load = () => catalogOf('one');
    const { catalog } = catalogsOver((partition) => load(partition));
    await catalog.snapshot('a');
    load = () => undefined;
    catalog.refresh('a');
    load = () => Promise.reject(new Error('down'));
    const message = `The catalog of partition "a" could not be loaded. The server's log says why.`;
    await expect(catalog.snapshot('a')).rejects.toMatchObject({ code: 'internal_error', message });
  });

  it('is not retried after the catalogs are closed', async () => {
    let fails = false;
    let loads = 0;
    let closes = 0;
    let changed = (_partition: string): void => {};
    const source: CatalogSource = {
      load: () => {
        loads += 1;
        if (fails) throw new Error('down');
        return catalogOf('one');
      },
      watch(listener) {
        changed = listener;
        return () => (changed = () => {});
      },
      close: () => void (closes += 1),
    };
    const { catalog } = catalogsOver(() => undefined, { source, retryMs: 1_000 });
    await catalog.snapshot('a');
    fails = true;
    changed('a');
    await jest.advanceTimersByTimeAsync(1_000);
    expect(loads).toBe(3); // it was asked again
    await catalog.close();
    changed('a');
    catalog.refresh('a');
    expect([loads, closes, jest.getTimerCount()]).toEqual([3, 1, 0]);
  });
});
