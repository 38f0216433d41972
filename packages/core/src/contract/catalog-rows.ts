/** The checks of rows and settings of a {@link CatalogStore}. */
import assert from 'node:assert/strict';

import { compareText } from '../base/order.js';
import type { AuditFields, FunctionRow, ModuleRow } from '../ports/rows.js';
import { same, throws } from './calls-support.js';
import type { CatalogStoreCheck } from './catalog-support.js';
import { allPages, check, committed, exampleFunctionRow, exampleModuleRow } from './catalog-support.js';

/** Rows without what the store sets. */
const bare = <T extends AuditFields>(rows: readonly T[]): T[] =>
  rows.map((row) => ({ ...row, updated_by: null, created_at: null, updated_at: null }));

const NOTHING = {
  ...{ description: null, data: null, annotations: null, module_name: null, class_name: null },
  ...{ function_name: null, return_type: null, is_async: null },
};

const ODD_DATA = {
  ...{
    text: 'it\'s "quoted"\n\u2028😀\0',
    empty: '',
    none: null,
    yes: true,
    no: false,
    list: [],
    object: {},
    nested: [[{ a: [null] }]],
  },
  ...{ numbers: [0, -1.5, 0.1, 1e21, 1e-7, 9_007_199_254_740_991, -9_007_199_254_740_991] },
  ...{ camelCase: 1, snake_case: 2, $ref: '#/$defs/x', 'a.b': 3, 'io.mcp-daemon/link': { timeout_ms: 5 }, '😀': 4, _: 5 },
};

const FUNCTIONS: FunctionRow[] = [
  exampleFunctionRow('full'),
  exampleFunctionRow('nothing', NOTHING),
  exampleFunctionRow('odd', { data: ODD_DATA, annotations: ODD_DATA, is_async: true }),
  exampleFunctionRow('empty', { description: '', data: {}, annotations: {}, class_name: '', return_type: '' }),
  ...['plain text', '12', 'null', '{"a":1}', '"', ''].map((annotations, index) =>
    exampleFunctionRow(`text ${index}`, { annotations }),
  ),
  exampleFunctionRow('large', { data: { inputSchema: { description: 'é'.repeat(20_000) } } }),
  ...['resource', 'prompt', 'resource_template'].map((mcp_type) => exampleFunctionRow(mcp_type, { mcp_type })),
  ...["it's", '"', '日本', '｡', '😀', 'a#b', 'a/b', '__proto__', 'Full', '%', '_'].map((name) => exampleFunctionRow(name)),
];

const MODULES: ModuleRow[] = [
  exampleModuleRow('full'),
  exampleModuleRow('nothing', { package_name: null, classes: [], source: null, sha256: null, isolation: null }),
  exampleModuleRow('empty', { package_name: '', source: '', classes: [{ class_name: null, setting_id: null }] }),
  exampleModuleRow('./odd module.mjs', {
    classes: [
      { class_name: 'B', setting_id: 's2' },
      { class_name: 'A', setting_id: null },
      { class_name: 'B2', setting_id: 'ü "s"' },
    ],
  }),
];

const byName = (rows: readonly FunctionRow[]): FunctionRow[] => [...rows].sort((a, b) => compareText(a.name, b.name));
const byModule = (rows: readonly ModuleRow[]): ModuleRow[] => [...rows].sort((a, b) => compareText(a.module_name, b.module_name));

/** The checks of rows and settings. */
export const catalogRows: readonly CatalogStoreCheck[] = [
  check('rows are read as they were written, sorted by name', async ({ catalogs, other }) => {
    await catalogs.writeRows('acme', { putFunctions: FUNCTIONS, putModules: MODULES }, 'ada');
    const { functions, modules, bad } = await other.rows('acme');
    same(bare(functions), byName(FUNCTIONS));
    same(bare(modules), byModule(MODULES));
    same(bad, []);
    same(await catalogs.rows('acme#b'), { functions: [], modules: [], bad: [] });
    assert.equal(await catalogs.head('acme'), undefined, 'rows are no head');
    same(await catalogs.partitions(), { items: [{ partition: 'acme' }] });
  }),

  check('a written row names its author and its times; its first time stays', async ({ catalogs }) => {
    const began = Date.now();
    const wrong = { updated_by: 'eve', created_at: 5, updated_at: 6 };
    const [row, module] = [exampleFunctionRow('x', wrong), exampleModuleRow('m', wrong)];
    const write = (author: string): unknown => catalogs.writeRows('acme', { putFunctions: [row], putModules: [module] }, author);
    await write('ada');
    const first = await catalogs.rows('acme');
    for (const { updated_by, created_at, updated_at } of [...first.functions, ...first.modules]) {
      assert.equal(updated_by, 'ada');
      assert.ok((created_at ?? 0) >= began - 1 && created_at === updated_at, `${created_at}, ${updated_at}, from ${began}`);
    }
    while (Date.now() <= (first.functions[0]?.updated_at ?? 0) + 1) await new Promise((resolve) => setTimeout(resolve, 2));
    await write('bob');
    const second = await catalogs.rows('acme');
    for (const [index, now] of [...second.functions, ...second.modules].entries()) {
      const before = [...first.functions, ...first.modules][index];
      assert.equal(now.updated_by, 'bob');
      assert.equal(now.created_at, before?.created_at);
      assert.ok((now.updated_at ?? 0) > (before?.updated_at ?? 0));
    }
  }),

  check('rows are replaced whole and removed, in any number', async ({ catalogs }) => {
    const rows = Array.from({ length: 1_000 }, (_, index) => exampleFunctionRow(`f${index}`));
    await catalogs.writeRows('acme', { putFunctions: rows, putModules: MODULES }, 'ada');
    await catalogs.writeRows('other', { putFunctions: rows.slice(0, 3) }, 'ada');
    const changed = rows.slice(0, 300).map(({ name }) => exampleFunctionRow(name, NOTHING));
    const deleteFunctions = [...rows.slice(700).map(({ name }) => name), 'never there', 'f0'];
    await catalogs.writeRows('acme', { putFunctions: changed, deleteFunctions, deleteModules: ['full', 'nothing', 'x'] }, 'bob');
    const { functions, modules } = await catalogs.rows('acme');
    same(bare(functions), byName([...changed, ...rows.slice(300, 700)]));
    same(bare(modules), byModule(MODULES.slice(2)));
    await catalogs.writeRows('acme', {}, 'bob');
    const names = [...rows.map(({ name }) => name), 'x'];
    await catalogs.writeRows('acme', { deleteFunctions: names, deleteModules: MODULES.map((row) => row.module_name) }, 'bob');
    same(await catalogs.rows('acme'), { functions: [], modules: [], bad: [] });
    same(
      (await catalogs.partitions()).items.map(({ partition }) => partition),
      ['other'],
    );
  }),

  check('rows and revisions do not touch each other', async ({ catalogs }) => {
    await catalogs.writeRows('acme', { putFunctions: [exampleFunctionRow('x')] }, 'ada');
    const entry = await committed(catalogs, 'acme', null, 'text');
    const head = await catalogs.head('acme');
    await catalogs.writeRows('acme', { putFunctions: [exampleFunctionRow('y')], deleteFunctions: ['x'] }, 'ada');
    same(await catalogs.head('acme'), head);
    assert.equal(await catalogs.text('acme', entry.revision), 'text');
    assert.equal((await catalogs.rows('acme')).functions.length, 1);
  }),

  check('the store keeps its own copies', async ({ catalogs }) => {
    const row = exampleFunctionRow('x');
    const setting = { url: 'a', list: [1] };
    await catalogs.writeRows('acme', { putFunctions: [row] }, 'ada');
    await catalogs.putSetting('acme', { setting_id: 's', setting }, 'ada');
    Object.assign(row.data as object, { changed: 'by the writer' });
    setting.list.push(2);
    const read = await catalogs.rows('acme');
    Object.assign(read.functions[0]?.data as object, { changed: 'by the reader' });
    Object.assign((await catalogs.setting('acme', 's'))?.setting as object, { changed: 'by the reader' });
    same(bare((await catalogs.rows('acme')).functions), [exampleFunctionRow('x')]);
    same((await catalogs.setting('acme', 's'))?.setting, { url: 'a', list: [1] });
  }),

  check('settings are written, replaced, listed and removed', async ({ catalogs, other }) => {
    const ids = ['b', 'a', 'weather.Weather-0123456789ab', "it's", '日本', '｡', '😀', 'x/y', '__proto__'];
    for (const setting_id of ids)
      await catalogs.putSetting('acme', { setting_id, setting: { id: setting_id, ...ODD_DATA } }, 'ada');
    const listed = (await allPages((query) => other.settings('acme', query), 2)).flat();
    same(
      listed.map(({ setting_id, setting }) => [setting_id, setting]),
      [...ids].sort(compareText).map((id) => [id, { id, ...ODD_DATA }]),
    );
    const before = await catalogs.setting('acme', 'a');
    assert.ok(before?.updated_by === 'ada' && before.created_at !== null && before.updated_at !== null);
    await other.putSetting('acme', { setting_id: 'a', setting: {} }, 'bob');
    const after = await catalogs.setting('acme', 'a');
    same(after, {
      setting_id: 'a',
      setting: {},
      updated_by: 'bob',
      created_at: before.created_at,
      updated_at: after?.updated_at,
    });
    assert.equal(await catalogs.setting('acme', 'c'), undefined);
    assert.equal(await catalogs.setting('other', 'a'), undefined);
    assert.equal(await catalogs.deleteSetting('other', 'a'), false);
    assert.equal(await catalogs.deleteSetting('acme', 'a'), true);
    assert.equal(await catalogs.deleteSetting('acme', 'a'), false);
    assert.equal(await other.setting('acme', 'a'), undefined);
    same(await catalogs.settings('other'), { items: [] });
  }),

  check('pages of settings hold each one that stays exactly once, while others come and go', async ({ catalogs, other }) => {
    const id = (index: number): string => `s${String(index).padStart(3, '0')}`;
    for (let index = 0; index < 60; index += 1)
      await catalogs.putSetting('acme', { setting_id: id(index), setting: { index } }, 'ada');
    const seen: string[] = [];
    let cursor: string | undefined;
    for (let round = 0; round === 0 || cursor !== undefined; round += 1) {
      const page = await catalogs.settings('acme', cursor === undefined ? { limit: 7 } : { limit: 7, cursor });
      assert.ok(page.items.length <= 7);
      seen.push(...page.items.map((row) => row.setting_id));
      cursor = page.cursor;
      const last = page.items.at(-1)?.setting_id ?? '';
      await other.putSetting('acme', { setting_id: `${id(round)}.new`, setting: {} }, 'bob');
      // The setting that the cursor names goes too: the next page begins after it all the same.
      if (round % 2 === 0) await other.deleteSetting('acme', last);
    }
    assert.equal(new Set(seen).size, seen.length, 'a setting was listed twice');
    const kept = Array.from({ length: 60 }, (_, index) => id(index));
    same(
      kept.filter((wanted) => !seen.includes(wanted)),
      [],
    );
    same(seen, [...seen].sort(compareText));
    await throws('invalid_cursor', () => catalogs.settings('acme', { cursor: 'x' }));
  }),

  check('rows that many write at once are all written', async ({ catalogs, other }) => {
    const writes = Array.from({ length: 40 }, (_, index) => async (): Promise<void> => {
      const store = index % 2 === 0 ? catalogs : other;
      await store.writeRows(
        'acme',
        { putFunctions: [exampleFunctionRow(`own ${index}`), exampleFunctionRow('shared')] },
        `w${index}`,
      );
    });
    await Promise.all(writes.map((write) => write()));
    const names = [...writes.keys()].map((index) => `own ${index}`);
    same(
      (await catalogs.rows('acme')).functions.map(({ name }) => name),
      [...names, 'shared'].sort(compareText),
    );
  }),
];
