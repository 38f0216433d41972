import { createCatalog } from '../../src/catalog/catalog.js';
import { createFixedSource } from '../../src/catalog/fixed.js';
import type { CatalogDefinition, CatalogSource } from '../../src/index.js';
import { createDaemon, defineCatalog, defineTool } from '../../src/index.js';
import { createRoutedSource } from '../../src/stored/routed.js';
import { memoryLogger } from '../support.js';

const catalogOf = (...names: string[]): CatalogDefinition =>
  defineCatalog({ functions: names.map((name) => defineTool({ name, run: () => name })) });

const open = (source: CatalogSource) => {
  const log = memoryLogger();
  const changes: string[] = [];
  const catalog = createCatalog({
    source,
    pageSize: 10,
    finish: (result) => result,
    logger: log.logger,
    onChange: (partition, { added, removed }) => changes.push(`${partition} +${added.join()} -${removed.join()}`),
  });
  return { catalog, log, changes };
};

describe('the cache of catalogs', () => {
  it('says what is cached of a partition, and loads nothing for that', async () => {
    const definition = catalogOf('one');
    let loads = 0;
    const { catalog } = open({ load: (name) => ((loads += 1), name === 'a' ? definition : undefined) });
    expect(catalog.cache.status('a')).toBeUndefined();
    expect(loads).toBe(0);
    await catalog.snapshot('a');
    expect(catalog.cache.status('a')).toEqual({ definition, ageMs: expect.any(Number) as number });
    expect(() => catalog.snapshot('none')).toThrow('There is no partition "none"');
    expect(catalog.cache.status('none')).toBeUndefined();
    await catalog.snapshot('a');
    expect(catalog.cache.stats()).toMatchObject({ hits: 1, misses: 2, entries: 1, watched: 0, reads: 0 });
  });

  it('reads a partition again on refresh, and notifies of what changed', async () => {
    let current = catalogOf('one');
    const asked: string[] = [];
    const { catalog, changes } = open({
      load: (name) => (name === 'a' ? current : undefined),
      refresh: (name) => void asked.push(name),
    });
    await catalog.snapshot('a');
    current = catalogOf('two');
    expect((await catalog.cache.refresh('a')).definition).toBe(current);
    expect(asked).toEqual(['a']);
    expect(changes).toEqual(['a +two -one']);
    await expect(catalog.cache.refresh('none')).rejects.toThrow('There is no partition "none"');
  });

  it('serves the last good catalog where a refresh fails', async () => {
    const definition = catalogOf('one');
    let fails: 'load' | 'refresh' | undefined;
    const { catalog } = open({
      load() {
        if (fails === 'load') throw new Error('no route');
        return definition;
      },
      refresh() {
        if (fails === 'refresh') throw new Error('no file');
      },
    });
    await catalog.snapshot('a');
    fails = 'refresh';
    await expect(catalog.cache.refresh('a')).rejects.toThrow('no file');
    fails = 'load';
    await expect(catalog.cache.refresh('a')).rejects.toThrow('The catalog of partition "a" could not be loaded again.');
    expect((await catalog.snapshot('a')).definition).toBe(definition);
    fails = undefined;
    expect((await catalog.cache.refresh('a')).definition).toBe(definition);
    await catalog.close();
  });

  it('drops one partition or all on purge, and says which; what fails is logged', async () => {
    let loads = 0;
    const { catalog, log } = open({
      load: () => ((loads += 1), catalogOf('one')),
      refresh(name) {
        if (name === 'b') throw new Error('no route');
      },
    });
    await catalog.snapshot('a');
    await catalog.snapshot('b');
    expect(await catalog.cache.purge('a')).toEqual(['a']);
    expect(await catalog.cache.purge('a')).toEqual([]);
    expect([catalog.cache.status('a'), catalog.cache.status('b') === undefined]).toEqual([undefined, false]);
    await catalog.snapshot('a');
    expect(loads).toBe(3);
    expect((await catalog.cache.purge()).sort()).toEqual(['a', 'b']);
    expect(log.lines.map(({ message }) => message)).toEqual(['partition "b" could not be read again: Error: no route']);
    expect(catalog.cache.stats().entries).toBe(0);
    await catalog.snapshot('b');
    expect(loads).toBe(4);
  });

  it('is that of a daemon, with the counts of both sources', async () => {
    const asked: string[] = [];
    const others: CatalogSource = {
      load: () => undefined,
      refresh: (name) => void asked.push(name),
      stats: () => ({ watched: 2, reads: 7 }),
    };
    const catalogs = createRoutedSource({ partition: 'default', own: createFixedSource('default', catalogOf('one')), others });
    const daemon = createDaemon({ catalogs });
    expect((await daemon.catalogs.refresh('default')).definition.functions[0]?.name).toBe('one');
    await daemon.catalogs.purge('acme');
    expect(asked).toEqual(['acme']);
    expect(daemon.catalogs.stats()).toMatchObject({ entries: 1, watched: 2, reads: 7 });
    await daemon.close();
  });
});
