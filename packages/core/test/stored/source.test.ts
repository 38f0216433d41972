import { until } from '../../../../tests/until.js';
import { createFixedSource } from '../../src/catalog/fixed.js';
import { catalogSourceContract, exampleCatalog, exampleFunctionRow, exampleModuleRow } from '../../src/contract/index.js';
import { createDaemon } from '../../src/daemon.js';
import { createMemoryCatalogStore } from '../../src/memory/catalogs.js';
import type { CatalogStore } from '../../src/ports/catalog-store.js';
import type { FunctionDefinition, LinkBinding } from '../../src/ports/definition.js';
import type { Logger } from '../../src/ports/logger.js';
import { applyConfig } from '../../src/stored/apply.js';
import { exportConfig, partitionStatus, rollbackTo } from '../../src/stored/history.js';
import { planConfig } from '../../src/stored/plan.js';
import { readState } from '../../src/stored/reading.js';
import { createRoutedSource } from '../../src/stored/routed.js';
import { changeSetting, listSettings } from '../../src/stored/settings.js';
import type { StoredSource, StoredSourceOptions } from '../../src/stored/source.js';
import { createStoredSource } from '../../src/stored/source.js';
import { AUTHOR, config } from './support.js';

let catalogs: CatalogStore;
let logged: string[];
let sources: StoredSource[];
beforeEach(() => {
  catalogs = createMemoryCatalogStore();
  logged = [];
  sources = [];
});
afterEach(() => sources.forEach((source) => source.close()));

const log = (_: unknown, message: string): void => void logged.push(message);
const logger: Logger = { debug: log, info: log, warn: log, error: log };
function open(options: Partial<StoredSourceOptions> = {}): StoredSource {
  const source = createStoredSource({ catalogs, logger, pollMs: 5, ...options });
  sources.push(source);
  return source;
}
const apply = (names: string[]): Promise<unknown> =>
  applyConfig(catalogs, 'acme', config(names), { ...AUTHOR, allowBreaking: true });
const names = async (source: StoredSource): Promise<string[] | undefined> =>
  (await source.load('acme'))?.functions.map(({ name }) => name);
/** Resolves when a source has asked its store at least twice more about its one partition, and has used the first answer. */
async function polls(source: StoredSource): Promise<void> {
  const { reads } = source.stats();
  await until(() => source.stats().reads >= reads + 2, 'two more reads of the store');
}
/** Resolves at the next call of a listener. */
const changed = (source: StoredSource): Promise<string> =>
  new Promise((resolve) => {
    const stop = source.watch((partition) => {
      stop();
      resolve(partition);
    });
  });
const settingOf = (definition: FunctionDefinition | undefined): unknown => (definition?.binding as LinkBinding).setting;
const idOf = async (): Promise<string> => (await catalogs.settings('acme')).items[0]?.setting_id ?? '';
const engineRow = exampleFunctionRow('engine', { annotations: null });

describe.each(['revisions', 'rows'])('the contract of a source of catalogs, on %s', (from) => {
  for (const check of catalogSourceContract) {
    it(check.name, () =>
      check.run(async () => {
        const store = createMemoryCatalogStore();
        const change = async (name: string): Promise<void> => {
          if (from === 'revisions') await applyConfig(store, 'acme', config([name]), { ...AUTHOR, allowBreaking: true });
          else {
            const deleteFunctions = (await store.rows('acme')).functions.map((row) => row.name);
            await store.writeRows('acme', { putFunctions: [exampleFunctionRow(name)], deleteFunctions }, 'engine');
          }
        };
        await change('first');
        const source = createStoredSource({ catalogs: store, logger, pollMs: 5, rowsMs: 5 });
        await source.load('acme'); // only partitions in use are asked about
        return { source, partition: 'acme', change };
      }),
    );
  }
});

describe('a source of stored catalogs', () => {
  it('names its catalogs by the digest of the revision, and gives the same one until it changes', async () => {
    await apply(['a']);
    const source = open();
    const first = await source.load('acme');
    expect(first?.revision).toBe((await catalogs.head('acme'))?.revision);
    expect(await source.load('acme')).toBe(first);
    await catalogs.touch('acme');
    expect(await source.load('acme')).toBe(first);
    await apply(['b']);
    expect(await names(source)).toEqual(['b']);
  });

  it('reads nothing but the head of each partition in use while nothing changes', async () => {
    await apply(['a']);
    const calls: string[] = [];
    const counted = new Proxy(catalogs, {
      get:
        (target, method: keyof CatalogStore) =>
        (...args: unknown[]) => {
          calls.push(method);
          return (target[method] as (...given: unknown[]) => unknown)(...args);
        },
    });
    const source = open({ catalogs: counted });
    await source.load('acme');
    expect(await source.load('nowhere')).toBeUndefined();
    expect(source.stats().watched).toBe(1);
    calls.length = 0;
    await until(() => calls.length >= 5);
    expect(new Set(calls)).toEqual(new Set(['head']));
  });

  it('says what another process changed, by an import, a rollback and a setting', async () => {
    await apply(['a']);
    const [first] = (await catalogs.history('acme')).items;
    const source = open();
    await source.load('acme');
    let next = changed(source);
    await apply(['a', 'b']);
    expect(await next).toBe('acme');
    expect(await names(source)).toEqual(['a', 'b']);
    next = changed(source);
    await rollbackTo(catalogs, 'acme', first?.id ?? '', AUTHOR);
    await next;
    expect(await names(source)).toEqual(['a']);
    next = changed(source);
    await changeSetting(catalogs, 'acme', await idOf(), { key: 'rotated' }, AUTHOR);
    await next;
    const definition = await source.load('acme');
    expect(settingOf(definition?.functions[0])).toEqual({ key: 'rotated' });
    expect(definition?.revision).toBe(first?.revision);
  });

  it('does not serve rows that others change after an import', async () => {
    await apply(['a']);
    const source = open({ rowsMs: 1 });
    await source.load('acme');
    await catalogs.writeRows('acme', { putFunctions: [engineRow] }, 'engine');
    expect(await names(source)).toEqual(['a']);
    await source.purge();
    expect(await names(source)).toEqual(['a']);
  });

  it('reads rows again after a time, and on purge', async () => {
    await catalogs.writeRows('acme', { putFunctions: [engineRow] }, 'engine');
    let now = 0;
    const source = open({ now: () => now, idleMs: 1_000_000 });
    expect(await names(source)).toEqual(['engine']);
    const told: string[] = [];
    source.watch((partition) => told.push(partition));
    await catalogs.writeRows('acme', { putFunctions: [exampleFunctionRow('second')] }, 'engine');
    await polls(source);
    expect(told).toEqual([]);
    now = 60_000;
    await until(() => told.length > 0);
    expect(await names(source)).toEqual(['engine', 'second']);
    await source.purge('acme');
    await source.purge('nowhere');
    expect(told).toEqual(['acme']);
    await catalogs.writeRows('acme', { deleteFunctions: ['second'] }, 'engine');
    await source.purge('acme');
    expect(told).toEqual(['acme', 'acme']);
  });

  it('notices on purge a setting that was changed without the head of the partition', async () => {
    await apply(['a']);
    const source = open();
    const before = settingOf((await source.load('acme'))?.functions[0]);
    await catalogs.putSetting('acme', { setting_id: await idOf(), setting: { key: 'engine' } }, 'engine');
    const told: string[] = [];
    source.watch((partition) => told.push(partition));
    await source.refresh('acme');
    await source.refresh('nowhere');
    expect(told).toEqual(['acme']);
    expect([before, settingOf((await source.load('acme'))?.functions[0])]).toEqual([
      expect.not.objectContaining({ key: 'engine' }),
      { key: 'engine' },
    ]);
    await source.purge();
    expect(told).toEqual(['acme']);
  });

  it('counts its reads of the store, and throws on refresh what the store throws', async () => {
    await apply(['a']);
    let down = false;
    const source = open({
      catalogs: {
        ...catalogs,
        head: (partition) => {
          if (down) throw new Error('no route');
          return catalogs.head(partition);
        },
      },
      pollMs: 60_000,
    });
    expect(source.stats()).toEqual({ watched: 0, reads: 0 });
    const first = await source.load('acme');
    expect(source.stats()).toEqual({ watched: 1, reads: 3 }); // head, text, settings
    await source.load('acme');
    expect(source.stats()).toEqual({ watched: 1, reads: 4 });
    down = true;
    await expect(source.refresh('acme')).rejects.toThrow('no route');
    down = false;
    expect(await source.load('acme')).toBe(first);
  });

  it('serves what can be read, and names each bad row and missing setting once', async () => {
    const bad = exampleFunctionRow('bad', { data: { inputSchema: { type: 'objekt' } } });
    await catalogs.writeRows(
      'acme',
      { putFunctions: [engineRow, bad], putModules: [exampleModuleRow('weather', { source: '' })] },
      'engine',
    );
    const source = open();
    expect(await names(source)).toEqual(['engine']);
    await source.load('acme');
    expect(logged).toEqual([
      expect.stringContaining('mcp-functions/bad is left out: inputSchema.type') as string,
      'partition "acme": the setting "weather.Weather-0123456789ab" is not there; its classes get an empty one',
    ]);
    await catalogs.putSetting('acme', { setting_id: 'weather.Weather-0123456789ab', setting: { unit: 'C' } }, 'engine');
    expect(settingOf((await source.load('acme'))?.functions[0])).toEqual({ unit: 'C' });
  });

  it.each(['revisions', 'rows'])(
    'leaves out functions whose setting cannot be read, and serves the others, on %s',
    async (from) => {
      const link = { module_name: 'plain', function_name: 'plain' };
      const whole = config(['sunny']);
      await applyConfig(
        catalogs,
        'acme',
        {
          ...whole,
          tools: [...(whole.tools ?? []), { name: 'plain', inputSchema: { type: 'object' } }],
          module_links: [...(whole.module_links ?? []), { ...link, name: 'plain', type: 'tool' }],
        },
        AUTHOR,
      );
      const id =
        (await catalogs.settings('acme')).items.map((row) => row.setting_id).find((each) => each.startsWith('weather')) ?? '';
      const settings: CatalogStore['settings'] = async (partition, query) => {
        const page = await catalogs.settings(partition, query);
        const bad = [{ row: `mcp-settings/${id}`, reason: 'its setting is no object' }];
        return { ...page, items: page.items.filter((row) => row.setting_id !== id), bad };
      };
      // Without a head, the rows are the catalog.
      const head: CatalogStore['head'] = (partition) => (from === 'rows' ? undefined : catalogs.head(partition));
      const source = open({ catalogs: { ...catalogs, settings, head } });
      expect(await names(source)).toEqual(['plain']);
      const message = `partition "acme": mcp-settings/${id} cannot be read, and functions of classes that need it are left out: its setting is no object`;
      expect(logged).toEqual([message]);
      // Plans, states and lists name it; an export of its values is whole, or an error.
      const store = { ...catalogs, settings, head };
      const bad = [{ row: `mcp-settings/${id}`, reason: 'its setting is no object' }];
      expect([...(await readState(store, 'acme')).badSettings.values()]).toEqual(bad);
      expect((await planConfig(store, 'acme', config(['sunny', 'rainy']))).badSettings).toEqual(bad);
      expect((await partitionStatus(store, 'acme')).bad).toEqual(bad);
      const listed = (await listSettings(store, 'acme')).find(({ setting_id }) => setting_id === id);
      expect(listed).toMatchObject({ unreadable: 'its setting is no object', classes: ['weather.Weather'] });
      const refused = { code: 'store_failed', message: `The row mcp-settings/${id} cannot be read: its setting is no object.` };
      await expect(exportConfig(store, 'acme', { settings: 'inline' })).rejects.toMatchObject(refused);
      expect((await exportConfig(store, 'acme')).modules).toHaveLength(2);
    },
  );

  it('looks for a partition that does not exist once a second, and remembers 1,000 of them', async () => {
    let now = 0;
    const source = open({ now: () => now, pollMs: 1_000_000 });
    const reads = async (name: string): Promise<number> => {
      const before = source.stats().reads;
      await source.load(name);
      return source.stats().reads - before;
    };
    expect(await reads('nowhere')).toBe(2);
    expect(await reads('nowhere')).toBe(0);
    await applyConfig(catalogs, 'nowhere', config(['a']), AUTHOR);
    now = 999;
    expect(await source.load('nowhere')).toBeUndefined();
    now = 1_000;
    expect((await source.load('nowhere'))?.functions).toHaveLength(1);
    for (let index = 0; index < 1_001; index += 1) expect(await reads(`made up ${index}`)).toBe(2);
    expect(await reads('made up 1')).toBe(0);
    expect(await reads('made up 0')).toBe(2);
    // Who says that there is something new does not wait.
    await applyConfig(catalogs, 'made up 5', config(['a']), AUTHOR);
    await source.refresh('made up 5');
    expect((await source.load('made up 5'))?.functions).toHaveLength(1);
    await source.purge();
    expect(await reads('made up 6')).toBe(2);
  });

  it('is a partition while it has a head, without rows too', async () => {
    await catalogs.touch('acme');
    expect(await names(open())).toEqual([]);
  });

  it('asks about a partition for as long as it is used', async () => {
    await apply(['a']);
    let now = 0;
    const source = open({ now: () => now });
    expect(source.keepMs).toBe(300_000);
    await source.load('acme');
    now = 600_000;
    await polls(source);
    expect(source.stats().watched).toBe(1);
    now += 1;
    await until(() => source.stats().watched === 0);
    await source.load('acme');
    expect(source.stats().watched).toBe(1);
    const next = changed(source);
    await apply(['b']);
    await next;
  });

  it('logs an outage once and its end, and goes on', async () => {
    await apply(['a']);
    let down = false;
    let failures = 0;
    const head = (partition: string): ReturnType<CatalogStore['head']> => {
      failures += Number(down);
      if (down) throw new Error('no route');
      return catalogs.head(partition);
    };
    const source = open({ catalogs: { ...catalogs, head } });
    await source.load('acme');
    down = true;
    await until(() => logged.length > 0);
    await until(() => failures >= 4);
    await source.purge();
    await expect(source.load('acme')).rejects.toThrow('no route');
    down = false;
    await until(() => logged.includes('the store of catalogs answers again'));
    expect(logged.filter((message) => message.includes('does not answer'))).toHaveLength(1);
    expect(logged.filter((message) => message.includes('could not be read again'))).toHaveLength(1);
    const next = changed(source);
    await apply(['b']);
    expect(await next).toBe('acme');
  });
});

describe('a daemon on stored catalogs', () => {
  it('builds classes anew where their setting changed, and no others', async () => {
    const built: string[] = [];
    class Weather {
      readonly key: unknown;
      constructor({ setting }: { setting: { key?: string } }) {
        this.key = setting.key;
        built.push(`Weather ${setting.key}`);
      }
      a(): unknown {
        return this.key;
      }
    }
    class Other {
      constructor() {
        built.push('Other');
      }
      b(): string {
        return 'b';
      }
    }
    const document = config(['a', 'b']);
    Object.assign(document.module_links?.[1] ?? {}, { class_name: 'Other' });
    await applyConfig(catalogs, 'acme', document, AUTHOR);
    const source = createStoredSource({ catalogs, logger, pollMs: 5 });
    const daemon = createDaemon({
      catalogs: source,
      modules: [{ accepts: () => true, load: () => Promise.resolve({ exports: { Weather, Other }, digest: null }) }],
      logger,
    });
    const received: string[] = [];
    const session = daemon.open({ send: (message: unknown) => void received.push(JSON.stringify(message)) } as never, {
      partition: 'acme',
    });
    let id = 0;
    const ask = async (method: string, params: object): Promise<string> =>
      JSON.stringify(await session.receive({ jsonrpc: '2.0', id: (id += 1), method, params }));
    const handshake = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    await ask('initialize', handshake);
    await session.receive({ jsonrpc: '2.0', method: 'notifications/initialized' });
    expect(await ask('tools/call', { name: 'a', arguments: {} })).toContain('secret');
    await ask('tools/call', { name: 'b', arguments: {} });
    const id1 = (await catalogs.settings('acme')).items.find(({ setting }) => setting['key'] === 'secret')?.setting_id ?? '';
    const next = changed(source);
    await changeSetting(catalogs, 'acme', id1, { key: 'rotated' }, AUTHOR);
    await next;
    expect(await ask('tools/call', { name: 'a', arguments: {} })).toContain('rotated');
    await ask('tools/call', { name: 'b', arguments: {} });
    expect(built).toEqual(['Weather secret', 'Other', 'Weather rotated']);
    await applyConfig(catalogs, 'acme', config(['a', 'b', 'c']), { ...AUTHOR, allowBreaking: true });
    await until(() => received.some((text) => text.includes('notifications/tools/list_changed')));
    expect(await ask('tools/list', {})).toContain('The tool c');
    await daemon.close();
  });
});

describe('two sources as one', () => {
  it('asks the file about its partition, and the store about all others', async () => {
    await apply(['a']);
    await applyConfig(catalogs, 'default', config(['never served']), AUTHOR);
    const own = createFixedSource('default', exampleCatalog('of the file'));
    const others = open();
    const routed = createRoutedSource({ partition: 'default', own, others });
    expect((await routed.load('default'))?.functions[0]?.name).toBe('of the file');
    expect((await routed.load('acme'))?.functions[0]?.name).toBe('a');
    expect(await routed.load('nowhere')).toBeUndefined();
    const { keepMs } = routed;
    expect(typeof keepMs === 'function' ? [keepMs('default'), keepMs('acme')] : keepMs).toEqual([undefined, others.keepMs]);
    await others.load('default');
    const told: string[] = [];
    const stop = routed.watch?.((partition) => told.push(partition));
    own.update(exampleCatalog('second'));
    const next = changed(others);
    await applyConfig(catalogs, 'default', config(['x']), { ...AUTHOR, allowBreaking: true });
    await next;
    const after = changed(others);
    await apply(['b']);
    await after;
    expect(told).toEqual(['default', 'acme']);
    stop?.();
    own.update(exampleCatalog('third'));
    expect(told).toHaveLength(2);
    await routed.close?.();
    expect(others.stats().watched).toBe(0);
  });

  it('has no watch where neither has, and the time of each for its own partitions', async () => {
    const plain = { load: () => undefined };
    expect(createRoutedSource({ partition: 'a', own: plain, others: plain })).not.toHaveProperty('watch');
    expect(createRoutedSource({ partition: 'a', own: plain, others: plain })).not.toHaveProperty('keepMs');
    const watching = createFixedSource('a', exampleCatalog('x'));
    const told: string[] = [];
    const routed = createRoutedSource({ partition: 'a', own: plain, others: { ...watching, keepMs: 5 } });
    routed.watch?.((partition) => told.push(partition))();
    const { keepMs } = routed;
    expect(typeof keepMs === 'function' ? [keepMs('a'), keepMs('b')] : keepMs).toEqual([undefined, 5]);
    await routed.close?.();
  });
});
