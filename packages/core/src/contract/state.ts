/**
 * What any {@link StateStore} must do, as data: run each check with whatever runs your tests.
 *
 * ```js
 * for (const check of stateStoreContract) test(check.name, () => check.run(openEmptyState));
 * ```
 */
import assert from 'node:assert/strict';

import type { Awaitable } from '../base/awaitable.js';
import type { StateEntry, StateStore } from '../ports/state.js';
import { STATE_KEY_LENGTH } from '../ports/state.js';
import { same, throws } from './calls-support.js';

/** One check of a state store. */
export interface StateStoreCheck {
  /** What holds, in words. */
  name: string;
  /**
   * Runs the check on a new store.
   *
   * @param open opens a store without entries
   * @throws AssertionError if the store does not do what `name` says
   */
  run(open: () => Awaitable<StateStore>): Promise<void>;
}

const check = (name: string, body: (state: StateStore) => Promise<void>): StateStoreCheck => ({
  name,
  run: async (open) => body(await open()),
});

const HOUR = 3_600_000;
const inAnHour = (): number => Date.now() + HOUR;
const PAST = 1_000;

/** All entries of a prefix, read page by page. */
async function all(state: StateStore, partition: string, prefix: string, limit: number): Promise<StateEntry[]> {
  const found: StateEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await state.list(partition, prefix, { limit, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...page.items);
    ({ cursor } = page);
  } while (cursor !== undefined);
  return found;
}

/** All checks of a {@link StateStore}. */
export const stateStoreContract: readonly StateStoreCheck[] = [
  check('an entry is read as it was written', async (state) => {
    assert.equal(await state.get('a', 'x/1'), undefined);
    const expires_at = inAnHour();
    const written = await state.put('a', 'x/1', '{"é":"😀"}', { expires_at });
    assert.ok(written !== undefined);
    assert.deepEqual(written, { key: 'x/1', value: '{"é":"😀"}', version: written.version, expires_at });
    assert.deepEqual(await state.get('a', 'x/1'), written);
    const again = await state.put('a', 'x/1', '');
    assert.ok(again !== undefined && again.version !== written.version);
    assert.deepEqual(await state.get('a', 'x/1'), { key: 'x/1', value: '', version: again.version, expires_at: null });
  }),

  check('partitions share no entries', async (state) => {
    await state.put('a', 'k', 'of a');
    await state.put('a#b', 'k', 'of a#b');
    assert.equal((await state.get('a', 'k'))?.value, 'of a');
    assert.equal((await state.get('a#b', 'k'))?.value, 'of a#b');
    assert.equal(await state.get('b', 'k'), undefined);
    assert.equal(await state.delete('a', 'k'), true);
    same(
      (await state.list('a#b', '')).items.map(({ key }) => key),
      ['k'],
    );
  }),

  check('an entry is written only if it is still the expected one', async (state) => {
    const first = await state.put('a', 'k', '1', { expected: null });
    assert.ok(first !== undefined);
    assert.equal(await state.put('a', 'k', '2', { expected: null }), undefined);
    const second = await state.put('a', 'k', '2', { expected: first.version });
    assert.ok(second !== undefined);
    assert.equal(await state.put('a', 'k', '3', { expected: first.version }), undefined);
    assert.deepEqual(await state.get('a', 'k'), second);
    assert.equal(await state.put('a', 'none', '1', { expected: first.version }), undefined);
    assert.equal(await state.get('a', 'none'), undefined);
  }),

  check('an entry is deleted only if it is still the expected one', async (state) => {
    assert.equal(await state.delete('a', 'k'), false);
    const first = await state.put('a', 'k', '1');
    const second = await state.put('a', 'k', '1');
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(await state.delete('a', 'k', first.version), false);
    assert.deepEqual(await state.get('a', 'k'), second);
    assert.equal(await state.delete('a', 'k', second.version), true);
    assert.equal(await state.get('a', 'k'), undefined);
    const third = await state.put('a', 'k', '1', { expected: null });
    assert.ok(third !== undefined && third.version !== first.version && third.version !== second.version);
  }),

  check('an entry that has expired is gone', async (state) => {
    const old = await state.put('a', 'k', 'old', { expires_at: PAST });
    await state.put('a', 'l', 'stays', { expires_at: inAnHour() });
    assert.equal(await state.get('a', 'k'), undefined);
    same(
      (await state.list('a', '')).items.map(({ key }) => key),
      ['l'],
    );
    assert.equal(await state.put('a', 'k', 'x', { expected: old?.version ?? '' }), undefined);
    assert.equal(await state.delete('a', 'k'), false);
    assert.ok((await state.put('a', 'k', 'new', { expected: null })) !== undefined);
    assert.equal((await state.get('a', 'k'))?.value, 'new');
    await state.put('a', 'm', 'old', { expires_at: PAST });
    assert.ok((await state.sweep()) <= 1);
    same(
      (await state.list('a', '')).items.map(({ key }) => key),
      ['k', 'l'],
    );
  }),

  check('of a hundred writers of one entry, one succeeds', async (state) => {
    const created = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => state.put('a', 'k', String(index), { expected: null })),
    );
    const winners = created.filter((entry) => entry !== undefined);
    assert.equal(winners.length, 1);
    assert.deepEqual(await state.get('a', 'k'), winners[0]);
    const expected = winners[0]?.version ?? '';
    const updated = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => state.put('a', 'k', `again ${index}`, { expected })),
    );
    assert.equal(updated.filter((entry) => entry !== undefined).length, 1);
  }),

  check('a counter that is changed by many loses no change', async (state) => {
    await state.put('a', 'n', '0');
    const add = async (): Promise<void> => {
      for (;;) {
        const entry = await state.get('a', 'n');
        assert.ok(entry !== undefined);
        const expected = entry.version;
        if ((await state.put('a', 'n', String(Number(entry.value) + 1), { expected })) !== undefined) return;
      }
    };
    await Promise.all(Array.from({ length: 12 }, add));
    assert.equal((await state.get('a', 'n'))?.value, '12');
  }),

  check('entries are listed by prefix, sorted, page by page', async (state) => {
    const keys = ['t/1', 't/10', 't/2', 't/%', 't/_', 't/é', 't/😀', 't/\uffee', 'T/1', 't', 'ta/1', 'u/1'];
    for (const key of keys) await state.put('a', key, `of ${key}`);
    const sorted = ['t/%', 't/1', 't/10', 't/2', 't/_', 't/é', 't/\uffee', 't/😀'];
    for (const limit of [1, 3, 100]) {
      const found = await all(state, 'a', 't/', limit);
      same(
        found.map(({ key }) => key),
        sorted,
      );
      same(
        found.map(({ value }) => value),
        sorted.map((key) => `of ${key}`),
      );
    }
    assert.deepEqual(
      (await all(state, 'a', 't/1', 5)).map(({ key }) => key),
      ['t/1', 't/10'],
    );
    assert.equal((await all(state, 'a', '', 5)).length, keys.length);
    same(await state.list('a', 'none/'), { items: [] });
    await throws('invalid_params', async () => state.list('a', '', { limit: 0 }));
    await throws('invalid_cursor', async () => state.list('a', '', { cursor: 'no cursor' }));
  }),

  check('a value may have a megabyte', async (state) => {
    const value = 'é'.repeat(500_000);
    const written = await state.put('a', 'large', value, { expected: null });
    assert.equal((await state.get('a', 'large'))?.value, value);
    const small = await state.put('a', 'large', 'small', { expected: written?.version ?? '' });
    assert.equal((await state.get('a', 'large'))?.value, 'small');
    assert.ok(small !== undefined);
    await state.put('a', 'large', value);
    same(
      (await state.list('a', 'large')).items.map((entry) => entry.value.length),
      [500_000],
    );
    assert.equal(await state.delete('a', 'large'), true);
    assert.equal(await state.get('a', 'large'), undefined);
  }),

  check('values are kept as they are', async (state) => {
    for (const value of ['', 'a\0b', '\0', '\u2028\ufeff', 'null', '12', 'é😀']) {
      await state.put('a', 'k', value);
      assert.equal((await state.get('a', 'k'))?.value, value);
      assert.equal((await state.list('a', 'k')).items[0]?.value, value);
    }
  }),

  check('keys that are empty, too long or cannot be stored are refused', async (state) => {
    for (const key of ['', 'a\0', 'a\ud800', 'k'.repeat(STATE_KEY_LENGTH + 1), 'é'.repeat(STATE_KEY_LENGTH / 2 + 1)]) {
      await throws('usage', async () => state.put('a', key, ''));
      await throws('usage', async () => state.get('a', key));
      await throws('usage', async () => state.delete('a', key));
    }
    const longest = 'é'.repeat(STATE_KEY_LENGTH / 2);
    await state.put('a', longest, 'x');
    assert.equal((await state.get('a', longest))?.value, 'x');
  }),
];
