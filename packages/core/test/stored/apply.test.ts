import { exampleFunctionRow } from '../../src/contract/index.js';
import { createMemoryCatalogStore } from '../../src/memory/catalogs.js';
import type { CatalogStore } from '../../src/ports/catalog-store.js';
import { DaemonError } from '../../src/protocol/errors.js';
import { alignRows } from '../../src/stored/align-rows.js';
import { adoptRows, applyConfig, applyPlan, editConfig, planAdoption, uuidAfter } from '../../src/stored/apply.js';
import {
  diffRevisions,
  exportConfig,
  findRevision,
  partitionStatus,
  rollbackTo,
  showRevision,
} from '../../src/stored/history.js';
import { planConfig } from '../../src/stored/plan.js';
import { changeSetting, listSettings, removeSetting } from '../../src/stored/settings.js';
import { AUTHOR, config, failing } from './support.js';

let catalogs: CatalogStore;
beforeEach(() => {
  catalogs = createMemoryCatalogStore();
});

const code = async (action: Promise<unknown>): Promise<string> => {
  try {
    await action;
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof DaemonError ? error.code : String(error);
  }
};
const toolNames = async (): Promise<string[]> => ((await exportConfig(catalogs, 'acme')).tools ?? []).map(({ name }) => name);
const rowNames = async (): Promise<string[]> => (await catalogs.rows('acme')).functions.map(({ name }) => name);
const settingId = async (): Promise<string> => (await listSettings(catalogs, 'acme'))[0]?.setting_id ?? '';

describe('a plan', () => {
  it('says what an import would change, and writes nothing', async () => {
    const plan = await planConfig(catalogs, 'acme', config(['a', 'b']));
    expect(plan).toMatchObject({ base: null, unchanged: false, breaking: [], functions: 2 });
    expect(plan.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'added $.name',
      'added $.instructions',
      'added $.tools.a',
      'added $.tools.b',
    ]);
    expect(plan.settings).toEqual([
      {
        setting_id: expect.stringMatching(/^weather\.Weather-/) as string,
        kind: 'added',
        after: { key: '[masked]', days: '[masked]' },
      },
    ]);
    expect((await catalogs.partitions()).items).toEqual([]);
    expect((await catalogs.settings('acme')).items).toEqual([]);
  });

  it('is the same whenever it is made', async () => {
    await applyConfig(catalogs, 'acme', config(['a', 'b', 'c']), AUTHOR);
    const next = config(['c', 'd', 'b'], { title: 'Weather' });
    expect(await planConfig(catalogs, 'acme', next)).toEqual(await planConfig(catalogs, 'acme', next));
  });

  it('lists mistakes of the config, and settings that are not there', async () => {
    expect(await code(planConfig(catalogs, 'acme', { tools: [{ name: 'x' }] }))).toBe('config_invalid');
    const modules = [{ module_name: 'weather', class_name: 'Weather', setting_id: 'none' }];
    await expect(planConfig(catalogs, 'acme', config(['a'], { modules }))).rejects.toThrow('$.modules[0].setting_id');
    const twice = [...modules, { module_name: 'weather', class_name: 'Other', package_name: 'other' }];
    await expect(planConfig(catalogs, 'acme', config(['a'], { modules: twice }))).rejects.toThrow('has other code');
  });

  it('shows changes that only the stored form has', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const document = config(['a'], { name: 'other' });
    document.module_links?.forEach((link) => (link.isolation = 'none'));
    const { changes } = await planConfig(catalogs, 'acme', document);
    expect(changes.map(({ path }) => path)).toEqual(['$.name', '$.module_links.a.isolation']);
  });
});

describe('an import', () => {
  it('becomes a revision with its author, note and source, and rows that the Python engine reads', async () => {
    const { entry, rows } = await applyConfig(catalogs, 'acme', config(['a', 'b']), {
      author: 'ada',
      note: 'first',
      source: 'mcp.json',
      now: () => 5,
    });
    expect(entry).toMatchObject({
      parent: null,
      action: 'apply',
      author: 'ada',
      note: 'first',
      source: 'mcp.json',
      created_at: 5,
      functions: 2,
    });
    expect(rows).toEqual({ written: 3, removed: 0 });
    expect((await catalogs.head('acme'))?.entry).toBe(entry?.id);
    expect(await rowNames()).toEqual(['a', 'b']);
    const { modules } = await catalogs.rows('acme');
    const [setting] = (await catalogs.settings('acme')).items;
    expect(modules[0]?.classes).toEqual([{ class_name: 'Weather', setting_id: setting?.setting_id }]);
    expect(setting?.setting).toEqual({ key: 'secret', days: 3 });
    expect(await catalogs.text('acme', entry?.revision ?? '')).not.toContain('secret');
  });

  it('that changes nothing makes no entry, and finishes rows that a crash left', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    await catalogs.writeRows('acme', { deleteFunctions: ['a'] }, 'crash');
    const again = await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    expect(again).toMatchObject({ entry: undefined, rows: { written: 1, removed: 0 } });
    expect((await catalogs.history('acme')).items).toHaveLength(1);
    expect((await catalogs.settings('acme')).items).toHaveLength(1);
  });

  it('removes what the config does not name, unless it is merged', async () => {
    await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
    const more = config(['b', 'c'], { instructions: null, name: null });
    await applyConfig(catalogs, 'acme', more, { ...AUTHOR, merge: true });
    expect(await toolNames()).toEqual(['a', 'b', 'c']);
    expect((await exportConfig(catalogs, 'acme')).instructions).toBe('Ask about the weather.');
    await applyConfig(catalogs, 'acme', config(['c']), { ...AUTHOR, allowBreaking: true });
    expect(await toolNames()).toEqual(['c']);
    expect(await rowNames()).toEqual(['c']);
  });

  it('may make a name another kind, in a merge too', async () => {
    await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
    const prompts = [{ name: 'a' }];
    const links = [{ type: 'prompt' as const, name: 'a', module_name: 'weather', class_name: 'Weather', function_name: 'ask' }];
    const prompt = config([], { prompts, module_links: links });
    await applyConfig(catalogs, 'acme', prompt, { ...AUTHOR, merge: true, allowBreaking: true });
    expect(await exportConfig(catalogs, 'acme')).toMatchObject({ tools: [{ name: 'b' }], prompts: [{ name: 'a' }] });
  });

  it('refuses changes that break callers, unless it is allowed', async () => {
    await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
    const before = await catalogs.head('acme');
    await expect(applyConfig(catalogs, 'acme', config(['a']), AUTHOR)).rejects.toMatchObject({
      code: 'breaking_changes',
      message: expect.stringContaining('$.tools.b: the tool is gone') as string,
      data: [{ path: '$.tools.b' }],
    });
    expect(await catalogs.head('acme')).toEqual(before);
    await applyConfig(catalogs, 'acme', config(['a']), { ...AUTHOR, allowBreaking: true });
    expect(await toolNames()).toEqual(['a']);
  });

  it('fails where the partition was changed since the plan was made', async () => {
    const plan = await planConfig(catalogs, 'acme', config(['a']));
    await applyConfig(catalogs, 'acme', config(['b']), AUTHOR);
    expect(await code(applyPlan(catalogs, plan, AUTHOR))).toBe('conflict');
    expect(await code(applyConfig(catalogs, 'acme', config(['a', 'b']), { ...AUTHOR, base: null }))).toBe('conflict');
    expect(await toolNames()).toEqual(['b']);
  });

  it('says who has changed the partition, when, from where and why', async () => {
    const plan = await planConfig(catalogs, 'acme', config(['a']));
    await applyConfig(catalogs, 'acme', config(['b']), { author: 'bea' });
    const when = Date.UTC(2026, 0, 31, 12);
    const by = { author: 'ada', note: 'more "tools"', source: 'mcp.json', now: () => when };
    const { entry } = await applyConfig(catalogs, 'acme', config(['b', 'c']), by);
    const message =
      `The partition "acme" was changed since this was planned: plan again. Revision ${String(entry?.revision.slice(0, 12))} was made by ` +
      'ada at 2026-01-31T12:00:00Z, by apply from mcp.json ("more \\"tools\\""), and 1 more was made before it.';
    const data = [{ author: 'ada', revision: entry?.revision }, { author: 'bea' }];
    await expect(applyPlan(catalogs, plan, AUTHOR)).rejects.toMatchObject({ message, data });
    await expect(applyConfig(catalogs, 'acme', config(['a']), { ...AUTHOR, base: null })).rejects.toMatchObject({
      message,
      data,
    });
    // The history cannot be read: the conflict is told all the same.
    const blind = { ...catalogs, history: () => Promise.reject(new DaemonError('store_failed', 'no')) };
    await expect(applyPlan(blind, plan, AUTHOR)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/: plan again\.$/) as string,
    });
  });

  it('of a hundred at once one is made, and the rows are those of that one', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) => applyConfig(catalogs, 'acme', config([`t${index}`]), AUTHOR)),
    );
    const won = results.filter((result) => result.status === 'fulfilled');
    const codes = results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as DaemonError).code] : []));
    expect(won).toHaveLength(1);
    expect(new Set(codes)).toEqual(new Set(['conflict']));
    expect(await rowNames()).toEqual(await toolNames());
  });

  it('that ends at any step leaves the old revision or the new one, and the next one finishes', async () => {
    for (let writes = 0; writes <= 3; writes += 1) {
      catalogs = createMemoryCatalogStore();
      await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
      const next = config(['b', 'c'], { modules: [{ module_name: 'weather', class_name: 'Weather', setting: { key: 'new' } }] });
      const result = await applyConfig(failing(catalogs, writes), 'acme', next, { ...AUTHOR, allowBreaking: true }).catch(
        () => undefined,
      );
      expect(await toolNames()).toEqual(writes < 2 ? ['a', 'b'] : ['b', 'c']);
      expect(result?.rowsError !== undefined).toBe(writes === 2);
      await applyConfig(catalogs, 'acme', next, { ...AUTHOR, allowBreaking: true });
      expect([await toolNames(), await rowNames()]).toEqual([
        ['b', 'c'],
        ['b', 'c'],
      ]);
      expect((await catalogs.history('acme')).items).toHaveLength(2);
    }
  });

  it('brings rows in line with the newest revision, whichever import writes last', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const slow: CatalogStore = {
      ...catalogs,
      async writeRows(...args) {
        await applyConfig(catalogs, 'acme', config(['b', 'c']), { ...AUTHOR, allowBreaking: true });
        await catalogs.writeRows(...args);
      },
    };
    let first = true;
    await applyConfig(
      { ...slow, writeRows: (...args) => (first ? ((first = false), slow.writeRows(...args)) : catalogs.writeRows(...args)) },
      'acme',
      config(['a', 'b']),
      AUTHOR,
    );
    expect(await toolNames()).toEqual(['b', 'c']);
    expect(await rowNames()).toEqual(['b', 'c']);
  });

  it('has an entry that sorts after its parent, whatever the clocks say', async () => {
    const ahead = 'ffffffff-0000-7abc-8def-0123456789ab';
    expect(uuidAfter(ahead) > ahead).toBe(true);
    expect(uuidAfter(ahead)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await alignRows(catalogs, 'nowhere', 'ada')).toEqual({ written: 0, removed: 0 });
  });
});

describe('a single change', () => {
  it('is a revision of its own, also when another one comes between', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    let tries = 0;
    const racing: CatalogStore = {
      ...catalogs,
      async commit(partition, commit) {
        tries += 1;
        if (tries === 1) await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
        return catalogs.commit(partition, commit);
      },
    };
    const edit = (title: string): Promise<unknown> => editConfig(racing, 'acme', (document) => ({ ...document, title }), AUTHOR);
    await edit('T');
    expect(tries).toBe(2);
    expect(await exportConfig(catalogs, 'acme')).toMatchObject({ title: 'T', tools: [{ name: 'a' }, { name: 'b' }] });
    expect((await catalogs.history('acme')).items[0]).toMatchObject({ action: 'edit' });
    await Promise.all(['A', 'B', 'C'].map(edit));
    expect((await catalogs.history('acme')).items).toHaveLength(6);
  });

  it('is refused where it is wrong, or there is no partition', async () => {
    expect(await code(editConfig(catalogs, 'nowhere', (document) => document, AUTHOR))).toBe('usage');
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    expect(await code(editConfig(catalogs, 'acme', (document) => ({ ...document, tools: [] }), AUTHOR))).toBe('config_invalid');
    const never: CatalogStore = { ...catalogs, commit: () => undefined };
    expect(await code(editConfig(never, 'acme', (document) => ({ ...document, title: 'T' }), AUTHOR))).toBe('conflict');
  });
});

describe('the settings of an import', () => {
  it('keep what an operator changed, when the same file is imported again', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const id = await settingId();
    const before = await catalogs.head('acme');
    const head = await changeSetting(catalogs, 'acme', id, { key: 'rotated' }, AUTHOR);
    expect(head).toMatchObject({ entry: before?.entry, revision: before?.revision });
    expect(head.version).not.toBe(before?.version);
    const plan = await planConfig(catalogs, 'acme', config(['a']));
    expect(plan).toMatchObject({ unchanged: true, changes: [], settings: [{ kind: 'kept', setting_id: id }] });
    expect(JSON.stringify(plan.settings)).not.toMatch(/rotated|secret/);
    await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
    expect((await catalogs.setting('acme', id))?.setting).toEqual({ key: 'rotated' });
  });

  it('are new rows where the file has other values, and an older revision has its own', async () => {
    const first = await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const modules = [{ module_name: 'weather', class_name: 'Weather', setting: { key: 'other' } }];
    const { plan } = await applyConfig(catalogs, 'acme', config(['a'], { modules }), AUTHOR);
    expect(plan.changes.map(({ path }) => path)).toEqual([
      '$.modules["weather.Weather"].setting.days',
      '$.modules["weather.Weather"].setting.key',
    ]);
    expect(JSON.stringify(plan.changes)).not.toMatch(/other|secret/);
    await rollbackTo(catalogs, 'acme', first.entry?.revision ?? '', AUTHOR);
    expect((await exportConfig(catalogs, 'acme', { settings: 'inline' })).modules).toMatchObject([
      { setting: { key: 'secret' } },
    ]);
  });

  it('are listed with masked values and their classes, and removed where nothing uses them', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    await changeSetting(catalogs, 'acme', 'unused', { key: 'x' }, { ...AUTHOR, create: true });
    const id = (await listSettings(catalogs, 'acme')).find(({ classes }) => classes.length > 0)?.setting_id ?? '';
    expect(await listSettings(catalogs, 'acme')).toMatchObject([
      { setting_id: 'unused', setting: { key: '[masked]' }, classes: [], updated_by: 'ada' },
      { setting_id: id, setting: { key: '[masked]', days: '[masked]' }, classes: ['weather.Weather'] },
    ]);
    await expect(removeSetting(catalogs, 'acme', id)).rejects.toThrow('is used by weather.Weather');
    await removeSetting(catalogs, 'acme', 'unused');
    expect(await code(removeSetting(catalogs, 'acme', 'unused'))).toBe('usage');
    expect(await code(changeSetting(catalogs, 'acme', 'unused', {}, AUTHOR))).toBe('usage');
  });
});

describe('the settings of an import that loses a race', () => {
  const other = (key: string) => [{ module_name: 'weather', class_name: 'Weather', setting: { key } }];
  const settingIds = async (): Promise<string[]> => (await catalogs.settings('acme')).items.map((row) => row.setting_id);

  it('are removed again', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const before = await settingIds();
    const plan = await planConfig(catalogs, 'acme', config(['a'], { modules: other('x') }));
    await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
    expect(await code(applyPlan(catalogs, plan, AUTHOR))).toBe('conflict');
    expect(await settingIds()).toEqual(before);
  });

  it('stay where the winner uses them', async () => {
    const plan = await planConfig(catalogs, 'acme', config(['a']));
    let first = true;
    const racing: CatalogStore = {
      ...catalogs,
      async commit(partition, commit) {
        if (first) {
          first = false;
          await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR); // finds the setting there
        }
        return catalogs.commit(partition, commit);
      },
    };
    expect(await code(applyPlan(racing, plan, AUTHOR))).toBe('conflict');
    expect(await listSettings(catalogs, 'acme')).toMatchObject([{ classes: ['weather.Weather'] }]);
  });

  it('are there in the end when another import relies on them while they are removed', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const wanted = config(['a', 'b'], { modules: other('x') });
    const loser = await planConfig(catalogs, 'acme', config(['a'], { modules: other('x') }));
    await applyConfig(catalogs, 'acme', config(['a'], { title: 'first' }), AUTHOR);
    for (const moment of ['before', 'after'] as const) {
      let done = false;
      const racing: CatalogStore = {
        ...catalogs,
        async deleteSetting(partition, id) {
          const commit = async (): Promise<void> => {
            if (!done) await applyConfig(catalogs, 'acme', wanted, { ...AUTHOR, allowBreaking: true });
            done = true;
          };
          if (moment === 'before') await commit();
          const deleted = await catalogs.deleteSetting(partition, id);
          if (moment === 'after') await commit();
          return deleted;
        },
      };
      expect(await code(applyPlan(racing, loser, AUTHOR))).toBe('conflict');
      expect(done).toBe(true);
      expect((await exportConfig(catalogs, 'acme', { settings: 'inline' })).modules).toMatchObject([{ setting: { key: 'x' } }]);
      await applyConfig(catalogs, 'acme', config(['a']), { ...AUTHOR, allowBreaking: true });
      for (const { setting_id: id, classes } of await listSettings(catalogs, 'acme'))
        if (classes.length === 0) await removeSetting(catalogs, 'acme', id);
    }
  });

  it('are not left behind by a hundred imports at once', async () => {
    await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        applyConfig(catalogs, 'acme', config(['a'], { modules: other(`${index}`) }), AUTHOR),
      ),
    );
    expect(await listSettings(catalogs, 'acme')).toMatchObject([{ classes: ['weather.Weather'] }]);
  });
});

describe('a large import', () => {
  it('says how far it is', async () => {
    const names = Array.from({ length: 1_200 }, (_, index) => `t${index}`);
    const steps: string[] = [];
    await applyConfig(catalogs, 'acme', config(names), {
      ...AUTHOR,
      onProgress: (step, done, total) => steps.push(`${step} ${done}/${total}`),
    });
    expect(steps).toEqual(['settings 1/1', 'rows 500/1201', 'rows 1000/1201', 'rows 1201/1201']);
    expect(await rowNames()).toHaveLength(1_200);
  });
});

describe('the history', () => {
  it('finds revisions by digest, its beginning, and the id of an entry', async () => {
    const { entry } = await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const { id = '', revision = '' } = entry ?? {};
    for (const name of [revision, revision.slice(0, 8).toUpperCase(), id])
      expect(await findRevision(catalogs, 'acme', name)).toEqual(entry);
    for (const name of ['', revision.slice(0, 5), 'zzzzzz'])
      expect(await code(findRevision(catalogs, 'acme', name))).toBe('revision_not_found');
    expect((await showRevision(catalogs, 'acme', id)).document.tools).toHaveLength(1);
  });

  it('goes back to a revision, but not to the one that is served', async () => {
    const first = await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
    const second = await applyConfig(catalogs, 'acme', config(['b', 'c']), { ...AUTHOR, allowBreaking: true });
    const [one, two] = [first.entry?.revision ?? '', second.entry?.revision ?? ''];
    expect((await diffRevisions(catalogs, 'acme', one, two)).map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'removed $.tools.a',
      'added $.tools.c',
    ]);
    const back = await rollbackTo(catalogs, 'acme', one, { author: 'bob', note: 'oops' });
    expect(back.entry).toMatchObject({
      action: 'rollback',
      revision: one,
      parent: second.entry?.id,
      author: 'bob',
      note: 'oops',
    });
    expect(await rowNames()).toEqual(['a', 'b']);
    await expect(rollbackTo(catalogs, 'acme', one, AUTHOR)).rejects.toThrow('serves the revision');
  });

  it('says so where a revision is gone, or is no config', async () => {
    const { entry } = await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    await applyConfig(catalogs, 'acme', config(['a', 'b']), AUTHOR);
    const without = (text: string | undefined): CatalogStore => ({ ...catalogs, text: () => text });
    const revision = entry?.revision ?? '';
    expect(await code(showRevision(without(undefined), 'acme', revision))).toBe('revision_not_found');
    expect(await code(showRevision(without('{'), 'acme', revision))).toBe('store_failed');
    expect(await code(showRevision(without('[]'), 'acme', revision))).toBe('store_failed');
  });
});

describe('an export', () => {
  it.each(['ids', 'inline'] as const)(
    'with settings as %s applies to nothing, also after a setting was changed',
    async (settings) => {
      const modules = [
        { module_name: 'weather', setting: { key: 'secret' } },
        { module_name: 'weather', class_name: 'Other' },
      ];
      await applyConfig(catalogs, 'acme', config(['b', 'a'], { modules, title: 'T' }), AUTHOR);
      const [, { setting_id: id } = { setting_id: '' }] = await listSettings(catalogs, 'acme');
      await changeSetting(catalogs, 'acme', id, { key: 'rotated' }, AUTHOR);
      const exported = await exportConfig(catalogs, 'acme', { settings });
      expect(JSON.stringify(exported).includes('rotated')).toBe(settings === 'inline');
      expect(await planConfig(catalogs, 'acme', exported)).toMatchObject({ unchanged: true, changes: [] });
    },
  );

  it('of a partition that is not there is refused', async () => {
    expect(await code(exportConfig(catalogs, 'nowhere'))).toBe('usage');
  });
});

describe('rows that others write', () => {
  const foreign = exampleFunctionRow('foreign', {
    data: { input_schema: { type: 'object' } },
    annotations: null,
    return_type: null,
  });

  it('are the catalog until the first import, and are adopted as they are', async () => {
    await catalogs.writeRows('acme', { putFunctions: [foreign] }, 'engine');
    expect(await partitionStatus(catalogs, 'acme')).toMatchObject({ from: 'rows', functions: 1, entry: undefined, rows: [] });
    const { entry } = await adoptRows(catalogs, 'acme', AUTHOR);
    expect(entry).toMatchObject({ action: 'adopt', parent: null, functions: 1 });
    expect((await exportConfig(catalogs, 'acme')).tools).toMatchObject([{ name: 'foreign', inputSchema: { type: 'object' } }]);
    expect(await partitionStatus(catalogs, 'acme')).toMatchObject({ from: 'revisions', rows: [] });
  });

  it('are told by the status, not served, and adopted or undone', async () => {
    await applyConfig(catalogs, 'acme', config(['b', 'a', 'c']), AUTHOR);
    const [row] = (await catalogs.rows('acme')).functions;
    expect(await adoptRows(catalogs, 'acme', AUTHOR)).toMatchObject({ entry: undefined });
    await catalogs.writeRows(
      'acme',
      { putFunctions: [{ ...row!, description: 'changed' }, foreign], deleteFunctions: ['c'] },
      'engine',
    );
    const { rows } = await partitionStatus(catalogs, 'acme');
    expect(rows.map(({ row: name, kind, updated_by }) => [name, kind, updated_by])).toEqual([
      ['mcp-functions/a', 'changed', 'engine'],
      ['mcp-functions/c', 'missing', null],
      ['mcp-functions/foreign', 'added', 'engine'],
    ]);
    expect(await toolNames()).toEqual(['b', 'a', 'c']);
    const plan = await planAdoption(catalogs, 'acme');
    expect(plan.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'changed $.tools.a.description',
      'removed $.tools.c',
      'added $.tools.foreign',
    ]);
    expect(await toolNames()).toEqual(['b', 'a', 'c']);
    const { entry, plan: applied } = await adoptRows(catalogs, 'acme', { author: 'bob' });
    expect(applied.revision).toBe(plan.revision);
    expect(entry).toMatchObject({ action: 'adopt', author: 'bob', functions: 3 });
    expect(await toolNames()).toEqual(['b', 'a', 'foreign']);
    expect((await exportConfig(catalogs, 'acme')).instructions).toBe('Ask about the weather.');
  });

  it('that cannot be read are named before they are left out', async () => {
    const bad = exampleFunctionRow('bad', { data: {} });
    await catalogs.writeRows('acme', { putFunctions: [foreign, bad] }, 'engine');
    await expect(adoptRows(catalogs, 'acme', AUTHOR)).rejects.toThrow('mcp-functions/bad: data has no inputSchema');
    await adoptRows(catalogs, 'acme', { ...AUTHOR, leaveOut: true });
    expect(await rowNames()).toEqual(['foreign']);
    expect(await code(adoptRows(catalogs, 'nowhere', AUTHOR))).toBe('usage');
  });

  it('that the store itself cannot read are replaced or removed by an import', async () => {
    await applyConfig(catalogs, 'acme', config(['a']), AUTHOR);
    const bad = [
      { row: 'mcp-functions/gone', reason: 'x' },
      { row: 'mcp-functions/a', reason: 'x' },
      { row: 'mcp-modules/gone', reason: 'x' },
    ];
    const written: unknown[] = [];
    const broken: CatalogStore = {
      ...catalogs,
      rows: async () => ({ ...(await catalogs.rows('acme')), functions: [], bad }),
      writeRows: (_, changes) => void written.push(changes),
    };
    expect((await partitionStatus(broken, 'acme')).rows.map(({ row, kind }) => `${row} ${kind}`)).toEqual(
      bad.map(({ row }) => `${row} unreadable`),
    );
    await alignRows(broken, 'acme', 'ada');
    expect(written[0]).toMatchObject({ putFunctions: [{ name: 'a' }], deleteFunctions: ['gone'], deleteModules: ['gone'] });
  });
});
