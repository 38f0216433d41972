import { uuidTime, uuidv7 } from '../../src/base/uuid.js';
import { exampleRecord } from '../../src/contract/calls-support.js';
import type { CallRecord, Store } from '../../src/index.js';
import { applyConfig, copyStore, createMemoryStore, DaemonError, exportConfig, planConfig, rollbackTo } from '../../src/index.js';
import { AUTHOR, config } from './support.js';

let from: Store;
let to: Store;

const catalogs = (store: Store): NonNullable<Store['catalogs']> => {
  if (store.catalogs === undefined) throw new Error('a store without catalogs');
  return store.catalogs;
};

beforeEach(() => {
  from = createMemoryStore();
  to = createMemoryStore();
});

afterEach(async () => {
  await from.close();
  await to.close();
});

const record = (changes: Partial<CallRecord> = {}): CallRecord =>
  exampleRecord({ mcp_function_call_uuid: uuidv7(), partition_key: 'acme', status: 'completed', ...changes });

async function fill(records = 250): Promise<CallRecord[]> {
  const first = await applyConfig(catalogs(from), 'acme', config(['a', 'b']), AUTHOR);
  await applyConfig(catalogs(from), 'acme', config(['a', 'b', 'c']), { ...AUTHOR, note: 'more' });
  await rollbackTo(catalogs(from), 'acme', first.plan.revision, { author: 'eve' });
  const written = Array.from({ length: records }, (_, index) => record({ name: `call-${index}` }));
  await from.calls.write(written);
  return written;
}

const copied = async (options: Parameters<typeof copyStore>[2] = {}) => {
  const reports = await copyStore(from, to, { partitions: ['acme'], ...options });
  const [report] = reports;
  if (report === undefined) throw new Error('no report');
  return report;
};

describe('a copy of a store', () => {
  it('has the same history, texts, rows, settings and records', async () => {
    await fill();
    const report = await copied();
    expect(report).toMatchObject({
      settings: { found: 1, written: 1 },
      revisions: { found: 3, written: 3 },
      rows: { found: 3, written: 3 },
      records: { found: 250, written: 250, running: 0, old: 0 },
      differences: [],
    });
    const all = { limit: 1_000 };
    expect(await catalogs(to).history('acme', all)).toEqual(await catalogs(from).history('acme', all));
    expect(await exportConfig(catalogs(to), 'acme', { settings: 'inline' })).toEqual(
      await exportConfig(catalogs(from), 'acme', { settings: 'inline' }),
    );
    expect((await planConfig(catalogs(to), 'acme', config(['a', 'b']))).unchanged).toBe(true);
    expect((await to.calls.list('acme', all)).items).toEqual((await from.calls.list('acme', all)).items);
  });

  it('has the shared state that is named, and does not replace what is there', async () => {
    await fill(0);
    const [source, target] = [from.state, to.state];
    if (source === undefined || target === undefined) throw new Error('a store without state');
    for (let index = 0; index < 120; index += 1) await source.put('acme', `pin/${index}`, String(index));
    await source.put('acme', 'token/a', 'sealed', { expires_at: Date.now() + 60_000 });
    await source.put('acme', 'task/1', 'runs');
    await source.put('other', 'pin/0', 'not asked for');
    await target.put('acme', 'pin/7', 'another');
    const report = await copied({ state: ['pin/', 'token/'] });
    expect(report).toMatchObject({ state: { found: 121, written: 120 }, differences: ['the target has another pin/7'] });
    expect((await target.get('acme', 'pin/119'))?.value).toBe('119');
    expect(await target.get('acme', 'token/a')).toMatchObject({ value: 'sealed', expires_at: expect.any(Number) as number });
    expect((await target.get('acme', 'pin/7'))?.value).toBe('another');
    expect(await target.get('acme', 'task/1')).toBeUndefined();
    expect((await copied({ state: ['pin/'] })).state).toEqual({ found: 120, written: 0 });
    expect((await copied()).state).toEqual({ found: 0, written: 0 });
  });

  it('goes on without shared state that cannot be read, and says so', async () => {
    const written = await fill(3);
    const failed = new DaemonError('store_failed', 'The table mcp-state does not exist.');
    const broken = { ...from, state: { ...from.state, list: () => Promise.reject(failed) } } as Store;
    const [report] = await copyStore(broken, to, { partitions: ['acme'], state: ['pin/'] });
    expect(report?.differences).toEqual(['shared state is not copied: The table mcp-state does not exist.']);
    expect(report?.records.written).toBe(written.length);
  });

  it('writes nothing the second time, and only what is new the third', async () => {
    await fill();
    await copied();
    const version = (await catalogs(to).head('acme'))?.version;
    expect(await copied()).toMatchObject({
      settings: { written: 0 },
      revisions: { written: 0 },
      rows: { written: 0 },
      records: { found: 250, written: 0 },
    });
    expect((await catalogs(to).head('acme'))?.version).toBe(version);
    await from.calls.write([record({ name: 'new' })]);
    await applyConfig(catalogs(from), 'acme', config(['a', 'b', 'd']), AUTHOR);
    expect(await copied()).toMatchObject({ revisions: { written: 1 }, records: { written: 1 }, differences: [] });
  });

  it('goes on where it was stopped', async () => {
    await fill(2_500);
    const stopping = new AbortController();
    const stopped = copied({
      signal: stopping.signal,
      onProgress: ({ step, done }) => {
        if (step === 'records' && done >= 100) stopping.abort(new Error('stopped'));
      },
    });
    await expect(stopped).rejects.toThrow('stopped');
    const there = await to.calls.count('acme', {});
    expect(there).toBeGreaterThan(0);
    expect(there).toBeLessThan(2_500);
    expect(await copied()).toMatchObject({ records: { found: 2_500, written: 2_500 - there }, differences: [] });
  });

  it('leaves out calls that run and records that are too old, and says how many', async () => {
    await from.calls.write([
      record({ status: 'in_process', content: null, time_spent: null }),
      record({ updated_at: 1_000 }),
      record({ updated_at: 5_000 }),
    ]);
    expect((await copied({ since: 2_000 })).records).toEqual({ found: 3, written: 1, running: 1, old: 1 });
    expect(await to.calls.count('acme', {})).toBe(1);
  });

  it('copies no records if told so', async () => {
    await fill(3);
    expect((await copied({ records: false })).records.found).toBe(0);
    expect(await to.calls.count('acme', {})).toBe(0);
  });

  it('does not touch the catalog of a partition that has another history, and says so', async () => {
    await fill(1);
    await applyConfig(catalogs(to), 'acme', config(['other']), AUTHOR);
    const before = await catalogs(to).history('acme');
    const report = await copied();
    expect(report.differences).toEqual(['the target has another history of this partition: its catalog is not copied']);
    expect(report.settings.written).toBe(0);
    expect(report.records.written).toBe(1);
    expect(await catalogs(to).history('acme')).toEqual(before);
  });

  it('names records that the target changed, and rows that only the target has', async () => {
    const [first] = await fill(2);
    await copied();
    if (first === undefined) throw new Error('no record');
    await to.calls.write([{ ...first, content: '{"content":[]}' }]);
    const rows = await catalogs(to).rows('acme');
    const [row] = rows.functions;
    if (row === undefined) throw new Error('no row');
    await catalogs(to).writeRows('acme', { putFunctions: [{ ...row, name: 'zz' }] }, 'eve');
    expect((await copied()).differences).toEqual([
      'row mcp-functions zz is only in the target',
      `record ${first.mcp_function_call_uuid} differs: content`,
    ]);
  });

  it('gives records with other ids a UUID of their time, the same each time, in a store that sorts by UUIDs', async () => {
    to = { ...to, calls: { ...to.calls, sortsByUuid: true } };
    const began = Date.parse('2026-03-08T12:00:00.123Z');
    const ids = ['1234567890123456789', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', 'odd'];
    const foreign = ids.map((id) => record({ mcp_function_call_uuid: id, created_at: began, name: id }));
    const own = record();
    await from.calls.write([...foreign, own]);
    expect(await copied()).toMatchObject({ records: { found: 4, written: 4 }, differences: [] });
    const { items } = await to.calls.list('acme', {});
    const there = new Map(items.map(({ name, mcp_function_call_uuid: id }) => [name, id]));
    expect(there.get(own.name)).toBe(own.mcp_function_call_uuid);
    for (const id of ids) {
      expect(there.get(id)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(uuidTime(there.get(id) ?? '')).toBe(began);
    }
    expect(new Set(there.values()).size).toBe(4);
    expect(await copied()).toMatchObject({ records: { found: 4, written: 0 }, differences: [] });
  });

  it('names records that the target does not take, and copies all others', async () => {
    const written = await fill(3);
    const { write } = to.calls;
    const refused = written[1]?.mcp_function_call_uuid ?? '';
    const picky: Store = {
      ...to,
      calls: {
        ...to.calls,
        async write(rows) {
          if (rows.some(({ mcp_function_call_uuid: id }) => id === refused)) throw new DaemonError('store_failed', 'Too large.');
          await write(rows);
        },
      },
    };
    const [report] = await copyStore(from, picky, { partitions: ['acme'] });
    expect(report).toMatchObject({
      records: { found: 3, written: 2 },
      differences: [`record ${refused} is not copied: Too large.`],
    });
    const broken: Store = {
      ...to,
      calls: { ...to.calls, write: () => Promise.reject(new DaemonError('store_failed', 'Full.')) },
    };
    await from.calls.write([record(), record()]);
    await expect(copyStore(from, broken, { partitions: ['acme'] })).rejects.toThrow('Full.');
  });

  it('takes all partitions with a catalog, and default, if none is named', async () => {
    await fill(1);
    await from.calls.write([record({ partition_key: 'default' })]);
    const reports = await copyStore(from, to);
    expect(reports.map(({ partition, records }) => [partition, records.written])).toEqual([
      ['acme', 1],
      ['default', 1],
    ]);
  });
});
