import { until } from '../../../tests/until.js';
import type {
  CatalogDefinition,
  CatalogSource,
  Daemon,
  DaemonOptions,
  FunctionDefinition,
  LinkBinding,
  Runner,
} from '../src/index.js';
import { createDaemon, createMemoryStore, defineCatalog, defineResource, defineTool } from '../src/index.js';
import type { Client } from './support.js';
import { daemonWith, deferred, errorOf, legacy, memoryLogger, modern, resultOf, textOf, turns, watchedStore } from './support.js';

/** A source of the catalogs of several partitions, which tests change. */
class Tenants implements CatalogSource {
  readonly catalogs = new Map<string, CatalogDefinition>();
  readonly #listeners = new Set<(partition: string) => void>();
  /** Set: what the next loads fail with. */
  failure: Error | undefined;
  closed = 0;

  constructor(catalogs: Record<string, readonly FunctionDefinition[]>) {
    for (const [partition, functions] of Object.entries(catalogs)) this.catalogs.set(partition, defineCatalog({ functions }));
  }

  async load(partition: string): Promise<CatalogDefinition | undefined> {
    await Promise.resolve();
    if (this.failure !== undefined) throw this.failure;
    return this.catalogs.get(partition);
  }

  watch(listener: (partition: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.closed += 1;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Gives a partition other functions; undefined: the partition goes away. */
  async change(partition: string, functions?: readonly FunctionDefinition[]): Promise<void> {
    if (functions === undefined) this.catalogs.delete(partition);
    else this.catalogs.set(partition, defineCatalog({ functions }));
    for (const listener of [...this.#listeners]) listener(partition);
    await turns(1);
  }
}

const daemons: Daemon[] = [];
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.close({ drainMs: 1 })));
});

function daemonOver(catalogs: CatalogSource, options: Partial<DaemonOptions> = {}): Daemon {
  const daemon = createDaemon({ catalogs, ...options });
  daemons.push(daemon);
  return daemon;
}

const whereAmI = defineTool({ name: 'where', run: (_args, { partition }) => partition });
const named = (name: string): FunctionDefinition => defineTool({ name, run: () => name });
const page = defineResource({ name: 'page', uri: 'x://page', run: () => 'page' });

const tenants = (): Tenants =>
  new Tenants({ default: [whereAmI], acme: [whereAmI, named('rocket')], 'acme#west': [whereAmI, page] });

const PARTITIONS = ['default', 'acme', 'acme#west'];
const clientsOf = async (daemon: Daemon): Promise<Client[]> =>
  Promise.all(PARTITIONS.map((partition) => legacy(daemon, { identity: { partition } })));

const toolsOf = async (client: Client): Promise<string[]> =>
  (resultOf(await client.request('tools/list'))['tools'] as { name: string }[]).map(({ name }) => name);
const notified = (client: Client): string[] => client.told.splice(0).map(({ message }) => message.method);

describe('a daemon whose catalogs come from a source', () => {
  it('serves each partition its own lists, calls and records', async () => {
    const { store, rows } = watchedStore();
    const daemon = daemonOver(tenants(), { store });
    const clients = await clientsOf(daemon);
    expect(await Promise.all(clients.map(toolsOf))).toEqual([['where'], ['where', 'rocket'], ['where']]);
    expect(await Promise.all(clients.map(async (client) => textOf(await client.call('where'))))).toEqual(PARTITIONS);
    expect(errorOf(await clients[0]!.call('rocket'))).toMatchObject({ message: 'Unknown tool: rocket' });
    expect(resultOf(await clients[2]!.request('resources/read', { uri: 'x://page' }))).toBeDefined();
    expect(errorOf(await clients[1]!.request('resources/read', { uri: 'x://page' }))).toMatchObject({ code: -32002 });
    expect(rows().map(({ partition_key, name }) => `${partition_key} ${name}`)).toEqual([
      ...PARTITIONS.map((partition) => `${partition} where`),
      'acme#west page',
    ]);
  });

  it('refuses a partition that the source does not know', async () => {
    const client = modern(daemonOver(tenants()), { identity: { partition: 'nobody' } });
    expect(errorOf(await client.request('tools/list'))).toEqual({ code: -32600, message: 'There is no partition "nobody".' });
  });

  it('notifies only the clients of that partition of an update', async () => {
    const source = tenants();
    const clients = await clientsOf(daemonOver(source));
    await source.change('acme', [whereAmI, named('rocket'), named('anvil')]);
    expect(clients.map(notified)).toEqual([[], ['notifications/tools/list_changed'], []]);
    expect(await toolsOf(clients[1]!)).toEqual(['where', 'rocket', 'anvil']);
    expect(await toolsOf(clients[0]!)).toEqual(['where']);
  });

  it('notifies subscribers of a resource whose definition changed', async () => {
    const source = tenants();
    source.catalogs.set('default', defineCatalog({ functions: [page] }));
    const clients = await clientsOf(daemonOver(source));
    for (const client of [clients[0]!, clients[2]!]) await client.request('resources/subscribe', { uri: 'x://page' });
    const changed = defineResource({ name: 'page', uri: 'x://page', mimeType: 'text/html', run: () => 'new page' });
    await source.change('acme#west', [whereAmI, changed]);
    expect(clients.map(notified)).toEqual([[], [], ['notifications/resources/list_changed', 'notifications/resources/updated']]);
  });

  it('ends running calls on the old catalog', async () => {
    const gate = deferred();
    let began = false;
    const slow = defineTool({ name: 'slow', run: () => ((began = true), gate.promise.then(() => 'old')) });
    const source = new Tenants({ acme: [slow] });
    const { store, rows } = watchedStore();
    const client = await legacy(daemonOver(source, { store }), { identity: { partition: 'acme' } });
    const { revision } = source.catalogs.get('acme')!;
    const running = client.call('slow');
    await until(() => began, 'the function begins');
    await source.change('acme', []);
    gate.resolve();
    expect(textOf(await running)).toBe('old');
    expect(rows()).toMatchObject([{ status: 'completed', revision }]);
  });

  it('refuses a partition that went away, tells its clients, and serves it again when it is back', async () => {
    const source = tenants();
    const [, acme, west] = await clientsOf(daemonOver(source));
    await source.change('acme');
    expect([notified(acme!), notified(west!)]).toEqual([['notifications/tools/list_changed'], []]);
    expect(errorOf(await acme!.call('where'))).toMatchObject({ message: 'There is no partition "acme".' });
    await source.change('acme', [whereAmI]);
    expect(notified(acme!)).toEqual(['notifications/tools/list_changed']);
    expect(textOf(await acme!.call('where'))).toBe('acme');
  });

  it('hides from clients why a source fails, logs it, and recovers', async () => {
    const source = tenants();
    const { logger, of } = memoryLogger();
    source.failure = new Error('password "hunter2" refused by db.internal');
    const client = modern(daemonOver(source, { logger }), { identity: { partition: 'acme' } });
    const refusal = `The catalog of partition "acme" could not be loaded. The server's log says why.`;
    expect(errorOf(await client.request('tools/list'))).toEqual({ code: -32603, message: refusal });
    expect(of('error')).toEqual([expect.stringContaining('password "hunter2" refused by db.internal')]);
    source.failure = undefined;
    expect(await toolsOf(client)).toEqual(['where', 'rocket']);
  });

  it('serves the last good catalog while a source fails after a change', async () => {
    const source = tenants();
    const { logger, of } = memoryLogger();
    const clients = await clientsOf(daemonOver(source, { logger }));
    source.failure = new Error('down');
    await source.change('acme', []);
    expect(await toolsOf(clients[1]!)).toEqual(['where', 'rocket']);
    expect(clients.map(notified)).toEqual([[], [], []]);
    expect(of('error')).toHaveLength(1);
  });

  it('cannot be updated by hand', () => {
    const daemon = daemonOver(tenants());
    expect(() => daemon.update(defineCatalog({ functions: [] }))).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('"catalogs"') as string }) as Error,
    );
  });

  it('stops watching its source and closes it when it ends', async () => {
    const source = tenants();
    const daemon = daemonOver(source);
    expect(source.listeners).toBe(1);
    await daemon.close();
    expect([source.listeners, source.closed]).toEqual([0, 1]);
  });

  it('is not created with two catalogs, or with none', () => {
    const usage = expect.objectContaining({ code: 'usage' }) as Error;
    const catalog = defineCatalog({ functions: [] });
    expect(() => createDaemon({})).toThrow(usage);
    expect(() => createDaemon({ catalog, catalogs: tenants() })).toThrow(usage);
  });
});

describe('the code of several partitions', () => {
  const link: LinkBinding = { kind: 'link', package_name: 'p', module_name: 'm', function_name: 'f', setting: {} };
  const linkedTool = { kind: 'tool', name: 'linked', inputSchema: { type: 'object' }, binding: link } as FunctionDefinition;
  const linkedPage = { kind: 'resource', name: 'linked-page', uri: 'x://linked', binding: link } as FunctionDefinition;

  /** A runner that says how often it was asked for code. */
  function countingRunner(): { runner: Runner; closes: number } {
    let version = 0;
    const loaded = new Map<string, number>();
    const state = { runner: {} as Runner, closes: 0 };
    state.runner = {
      accepts: () => true,
      resolve(_link, partition) {
        if (!loaded.has(partition)) loaded.set(partition, (version += 1));
        const mine = loaded.get(partition);
        return { call: () => `${partition} ${mine}`, digest: `sha256:${mine}` };
      },
      forget(which) {
        for (const partition of [...loaded.keys()]) if (which(link, partition)) loaded.delete(partition);
      },
      close: () => void (state.closes += 1),
    };
    return state;
  }

  it('is run by a runner that the daemon was given, before this process, and the digest is recorded', async () => {
    const { runner } = countingRunner();
    const { store, rows } = watchedStore();
    const modules = { accepts: () => true, load: () => Promise.reject(new Error('not asked')) };
    const source = new Tenants({ acme: [linkedTool], other: [linkedTool] });
    const daemon = daemonOver(source, { store, runners: [runner], modules: [modules] });
    const clients = ['acme', 'other'].map((partition) => modern(daemon, { identity: { partition } }));
    for (const round of [1, 2]) {
      expect(await Promise.all(clients.map(async (client) => textOf(await client.call('linked'))))).toEqual([
        'acme 1',
        'other 2',
      ]);
      expect(rows()).toHaveLength(2 * round);
    }
    expect(rows().map(({ bundle_digest: digest }) => digest)).toEqual(['sha256:1', 'sha256:2', 'sha256:1', 'sha256:2']);
  });

  it('is dropped with its partition, and kept for the others', async () => {
    const { runner } = countingRunner();
    const source = new Tenants({ acme: [linkedTool], other: [linkedTool] });
    const daemon = daemonOver(source, { runners: [runner] });
    const [acme, other] = ['acme', 'other'].map((partition) => modern(daemon, { identity: { partition } }));
    expect([textOf(await acme!.call('linked')), textOf(await other!.call('linked'))]).toEqual(['acme 1', 'other 2']);
    await source.change('acme');
    await source.change('acme', [linkedTool]);
    expect([textOf(await acme!.call('linked')), textOf(await other!.call('linked'))]).toEqual(['acme 3', 'other 2']);
  });

  it('is loaded again by reload in all partitions, and subscribers in all of them are notified', async () => {
    const { runner } = countingRunner();
    const source = new Tenants({ acme: [linkedTool, linkedPage], other: [linkedTool, linkedPage], third: [whereAmI] });
    const daemon = daemonOver(source, { runners: [runner] });
    const clients = await Promise.all(['acme', 'other', 'third'].map((partition) => legacy(daemon, { identity: { partition } })));
    for (const client of clients.slice(0, 2)) {
      resultOf(await client.request('resources/subscribe', { uri: 'x://linked' }));
      await client.call('linked');
    }
    daemon.reload(({ module_name: name }) => name === 'another');
    expect(clients.map(notified)).toEqual([[], [], []]);
    daemon.reload();
    expect(clients.map(notified)).toEqual([['notifications/resources/updated'], ['notifications/resources/updated'], []]);
    expect(textOf(await clients[0]!.call('linked'))).toBe('acme 3');
  });

  it('is closed with the daemon, even if the store cannot be closed', async () => {
    const counting = countingRunner();
    const { store } = watchedStore({ close: () => Promise.reject(new Error('stuck')) });
    const daemon = createDaemon({ catalogs: new Tenants({ acme: [whereAmI] }), store, runners: [counting.runner] });
    await modern(daemon, { identity: { partition: 'acme' } }).call('where');
    await expect(daemon.close()).rejects.toMatchObject({ code: 'store_failed' });
    expect(counting.closes).toBe(1);
  });
});

describe("a daemon's store", () => {
  it('is opened once, and has the records of calls', async () => {
    let opened = 0;
    const memory = createMemoryStore();
    const daemon = daemonWith([whereAmI], { store: () => ((opened += 1), memory) });
    expect(await Promise.all([daemon.store(), daemon.store()])).toEqual([memory, memory]);
    await modern(daemon).call('where');
    const { items } = await (await daemon.store()).calls.list('default', {});
    expect(items).toMatchObject([{ name: 'where', status: 'completed' }]);
    expect(opened).toBe(1);
  });

  it('is closed with the daemon, even without a call, and is refused afterwards', async () => {
    const memory = createMemoryStore();
    const daemon = daemonWith([], { store: memory });
    const { calls } = await daemon.store();
    await daemon.close();
    expect(() => calls.get('default', 'x')).toThrow(expect.objectContaining({ code: 'closed' }) as Error);
    await expect(daemon.store()).rejects.toMatchObject({ code: 'closed' });
  });

  it('is returned if it cannot be written now, but not if it cannot be opened', async () => {
    const full = watchedStore({
      write: () => {
        throw new Error('disk full');
      },
    });
    const daemon = daemonWith([whereAmI], { store: full.store });
    await modern(daemon).call('where');
    await expect(daemon.check()).rejects.toMatchObject({ code: 'store_failed' });
    expect(await daemon.store()).toBe(full.store);

    const broken = daemonWith([], { store: () => Promise.reject(new Error('no such host')) });
    await expect(broken.store()).rejects.toMatchObject({ code: 'store_failed', message: 'The store cannot be reached.' });
  });
});

describe('an update by hand', () => {
  it('is announced to followers although no request came before', () => {
    const daemon = daemonWith([whereAmI]);
    const events: unknown[] = [];
    daemon.events.subscribe('default', (event) => void events.push(event));
    daemon.update(defineCatalog({ functions: [whereAmI, named('two')] }));
    expect(events).toEqual([{ type: 'list_changed', partition: 'default', list: 'tools' }]);
  });
});
