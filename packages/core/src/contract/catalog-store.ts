/**
 * What any {@link CatalogStore} must do, as data: run each check with whatever runs your tests.
 *
 * ```js
 * for (const check of catalogStoreContract) test(check.name, () => check.run(openEmptyStore));
 * ```
 */
import assert from 'node:assert/strict';

import { compareText } from '../base/order.js';
import { uuidv7 } from '../base/uuid.js';
import type { PartitionHead } from '../ports/catalog-store.js';
import { same, throws } from './calls-support.js';
import { catalogRows } from './catalog-rows.js';
import type { CatalogStoreCheck } from './catalog-support.js';
import { allPages, check, committed, exampleCommit, ODD_PARTITIONS } from './catalog-support.js';

const revisions: CatalogStoreCheck[] = [
  check('an unknown partition has no head, no history, no text and no rows', async ({ catalogs }) => {
    assert.equal(await catalogs.head('acme'), undefined);
    same(await catalogs.history('acme'), { items: [] });
    assert.equal(await catalogs.text('acme', 'f'.repeat(64)), undefined);
    same(await catalogs.rows('acme'), { functions: [], modules: [], bad: [] });
    same(await catalogs.partitions(), { items: [] });
  }),

  check('a commit makes its revision the one that is served', async ({ catalogs, other }) => {
    const first = exampleCommit(null, 'first');
    const head = await catalogs.commit('acme', first);
    assert.ok(head !== undefined && head.version.length > 0);
    same(head, { entry: first.entry.id, revision: first.entry.revision, version: head.version });
    for (const store of [catalogs, other]) {
      same(await store.head('acme'), head);
      assert.equal(await store.text('acme', first.entry.revision), 'first');
      same(await store.history('acme'), { items: [first.entry] });
    }
    const second = exampleCommit(first.entry.id, 'second', { action: 'edit', note: null, source: null, functions: 0 });
    const next = await other.commit('acme', second);
    assert.notEqual(next?.version, head.version);
    same(await catalogs.head('acme'), next);
    assert.equal(await catalogs.text('acme', first.entry.revision), 'first', 'older texts stay');
    same(await catalogs.history('acme'), { items: [second.entry, first.entry] });
  }),

  check('a commit on another parent than the head is not made', async ({ catalogs }) => {
    const first = await committed(catalogs, 'acme', null, 'first');
    const before = await catalogs.head('acme');
    for (const parent of [null, uuidv7()]) {
      assert.equal(await catalogs.commit('acme', exampleCommit(parent, `on ${parent}`)), undefined);
    }
    assert.equal(await catalogs.commit('new', exampleCommit(first.id, 'second')), undefined, 'where there is no entry at all');
    same(await catalogs.head('acme'), before);
    assert.equal(await catalogs.head('new'), undefined);
    same(await catalogs.history('acme'), { items: [first] });
  }),

  check('a repeated commit changes nothing and gives the head', async ({ catalogs, other }) => {
    const first = exampleCommit(null, 'first');
    const head = await catalogs.commit('acme', first);
    same(await other.commit('acme', first), head);
    same(await catalogs.head('acme'), head);
    await committed(catalogs, 'acme', first.entry.id, 'second');
    const newest = await catalogs.head('acme');
    same(await catalogs.commit('acme', first), newest, 'also when another commit followed');
    assert.equal((await catalogs.history('acme')).items.length, 2);
  }),

  check('a commit may go back to a text that the partition has, and to no other', async ({ catalogs }) => {
    const first = await committed(catalogs, 'acme', null, 'first');
    const second = await committed(catalogs, 'acme', first.id, 'second');
    const { entry } = exampleCommit(second.id, 'first', { action: 'rollback' });
    assert.equal((await catalogs.commit('acme', { entry }))?.revision, first.revision);
    assert.equal(await catalogs.text('acme', first.revision), 'first');
    const unknown = exampleCommit(entry.id, 'never written').entry;
    await throws('usage', () => catalogs.commit('acme', { entry: unknown }));
    await throws('usage', () => catalogs.commit('other', { entry: { ...entry, id: uuidv7(), parent: null } }));
    assert.equal((await catalogs.head('acme'))?.entry, entry.id);
    assert.equal(await catalogs.head('other'), undefined);
  }),

  check('of a hundred commits on one parent exactly one is made', async ({ catalogs, other }) => {
    for (const parent of [null, (await committed(catalogs, 'busy', null, 'start')).id]) {
      const partition = parent === null ? 'fresh' : 'busy';
      const commits = Array.from({ length: 100 }, (_, index) => exampleCommit(parent, `${partition} ${index}`));
      const heads = await Promise.all(
        commits.map((commit, index) => Promise.resolve((index % 2 === 0 ? catalogs : other).commit(partition, commit))),
      );
      const won = commits.filter((_, index) => heads[index] !== undefined);
      assert.equal(won.length, 1, `${won.length} commits were made`);
      const head = await other.head(partition);
      assert.equal(head?.entry, won[0]?.entry.id);
      assert.equal(await catalogs.text(partition, head?.revision ?? ''), won[0]?.text);
      const { items } = await catalogs.history(partition);
      same(
        items.map(({ id }) => id),
        parent === null ? [head?.entry] : [head?.entry, parent],
      );
    }
  }),

  check('texts may be large, and are given back byte for byte', async ({ catalogs, other }) => {
    const texts = ['', 'x'.repeat(2_000_000), JSON.stringify('é😀\u2028\0"\\'.repeat(100_000)), '\uFEFF\r\n'];
    let parent: string | null = null;
    for (const text of texts) parent = (await committed(catalogs, 'acme', parent, text)).id;
    for (const text of texts) {
      const { revision } = exampleCommit(null, text).entry;
      assert.ok((await other.text('acme', revision)) === text, `a text of ${text.length} characters is another one now`);
    }
  }),

  check('entries are kept as they are, odd ones too', async ({ catalogs }) => {
    const odd = {
      author: 'jürgen "j" <j@x>',
      note: "it's; drop table x --\n😀",
      source: 'C:\\x y\\mcp.json',
      created_at: 1_790_000_000_001,
    };
    const entry = await committed(catalogs, 'acme', null, 'x', odd);
    const empty = await committed(catalogs, 'acme', entry.id, 'y', { author: '', note: '', source: '', functions: 10_000 });
    same(await catalogs.history('acme'), { items: [empty, entry] });
  }),

  check('the history is read in pages, which stay whole while commits arrive', async ({ catalogs }) => {
    const ids: string[] = [];
    for (let index = 0; index < 25; index += 1)
      ids.unshift((await committed(catalogs, 'acme', ids[0] ?? null, `${index % 3}`)).id);
    const first = await catalogs.history('acme', { limit: 10 });
    assert.ok(first.cursor !== undefined);
    await committed(catalogs, 'acme', ids[0] ?? null, 'newer');
    const second = await catalogs.history('acme', { limit: 15, cursor: first.cursor });
    same(
      [...first.items, ...second.items].map(({ id }) => id),
      ids,
    );
    assert.equal(second.cursor, undefined);
    same(
      (await allPages((query) => catalogs.history('acme', query), 7)).map((page) => page.length),
      [7, 7, 7, 5],
    );
  }),
];

const heads: CatalogStoreCheck[] = [
  check('touch gives the head another version, and nothing else', async ({ catalogs, other }) => {
    const first = await catalogs.touch('acme');
    same(first, { entry: null, revision: null, version: first.version });
    same(await other.head('acme'), first);
    const entry = await committed(catalogs, 'acme', null, 'first');
    const head = await catalogs.head('acme');
    const touched = await other.touch('acme');
    same(touched, { entry: entry.id, revision: entry.revision, version: touched.version });
    same(await catalogs.head('acme'), touched);
    assert.equal(new Set([first.version, head?.version, touched.version]).size, 3);
    await committed(catalogs, 'acme', entry.id, 'second');
  }),

  check('a hundred changes at once have a hundred versions, and none of them undoes another', async ({ catalogs, other }) => {
    const entry = await committed(catalogs, 'acme', null, 'first');
    const next = exampleCommit(entry.id, 'second');
    const touches = Array.from({ length: 99 }, (_, index) => (): unknown => (index % 2 === 0 ? catalogs : other).touch('acme'));
    touches.splice(50, 0, () => catalogs.commit('acme', next));
    const results = (await Promise.all(touches.map(async (touch) => touch()))) as (PartitionHead | undefined)[];
    const head = await catalogs.head('acme');
    if (results[50] === undefined) assert.fail('a touch must not make a commit fail');
    assert.equal(head?.entry, next.entry.id);
    assert.equal(new Set(results.map((result) => result?.version)).size, 100);
  }),

  check('partitions know nothing of each other, however alike their names are', async ({ catalogs }) => {
    const heads = new Map<string, PartitionHead | undefined>();
    for (const partition of ODD_PARTITIONS) {
      const commit = exampleCommit(null, `text of ${partition}`);
      heads.set(partition, await catalogs.commit(partition, commit));
      await catalogs.putSetting(partition, { setting_id: 'x', setting: { of: partition } }, 'ada');
    }
    const texts = ODD_PARTITIONS.map((partition) => exampleCommit(null, `text of ${partition}`).entry.revision);
    for (const partition of ODD_PARTITIONS) {
      same(await catalogs.head(partition), heads.get(partition));
      assert.equal((await catalogs.history(partition)).items.length, 1);
      same((await catalogs.setting(partition, 'x'))?.setting, { of: partition });
      const found: string[] = [];
      for (const revision of texts)
        found.push(...[await catalogs.text(partition, revision)].filter((text) => text !== undefined));
      same(found, [`text of ${partition}`]);
    }
    const pages = await allPages((query) => catalogs.partitions(query), 3);
    same(
      pages.flat(),
      [...ODD_PARTITIONS].sort(compareText).map((partition) => ({ partition, head: heads.get(partition) })),
    );
  }),

  check('limits and cursors that no list gave are refused', async ({ catalogs }) => {
    await committed(catalogs, 'acme', null, 'x');
    await catalogs.putSetting('acme', { setting_id: 'x', setting: {} }, 'ada');
    const lists = [
      catalogs.partitions.bind(catalogs),
      catalogs.history.bind(catalogs, 'acme'),
      catalogs.settings.bind(catalogs, 'acme'),
    ];
    for (const list of lists) {
      for (const cursor of ['', 'x', '!', 'bm9uc2Vuc2U', '{}', 'e30']) await throws('invalid_cursor', () => list({ cursor }));
      for (const limit of [0, -1, 1.5, 1001, NaN]) await throws('invalid_params', () => list({ limit }));
    }
  }),

  check('close may be called twice, and use after it is refused', async ({ catalogs, close }) => {
    await close();
    await close();
    await throws('closed', () => catalogs.head('acme'));
    await throws('closed', () => catalogs.commit('acme', exampleCommit(null, 'x')));
    await throws('closed', () => catalogs.rows('acme'));
    await throws('closed', () => catalogs.writeRows('acme', {}, 'ada'));
    await throws('closed', () => catalogs.partitions());
    await throws('closed', () => catalogs.settings('acme'));
  }),
];

/** All checks of a {@link CatalogStore}. */
export const catalogStoreContract: readonly CatalogStoreCheck[] = [...revisions, ...heads, ...catalogRows];
