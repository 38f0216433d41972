/**
 * What any {@link BundleSource} must do, as data. Run each check with your test runner.
 *
 * ```js
 * for (const check of bundleSourceContract) test(check.name, () => check.run(openEmptySource));
 * ```
 */
import assert from 'node:assert/strict';

import type { Awaitable } from '../base/awaitable.js';
import type { BundleEntry, BundleSource } from '../ports/bundles.js';
import { throws } from './calls-support.js';

/** A source under test. */
export interface BundleSourceFixture {
  source: BundleSource;
  /** How many replaced bundles the source keeps. At least 2. */
  keep: number;
  /** Stores a file without the source, as another program does. `file` is a name without a folder. */
  put(file: string, bytes: Uint8Array): Awaitable<void>;
  /** Removes a bundle without the source. */
  remove(name: string): Awaitable<void>;
}

/** One check of a bundle source. */
export interface BundleSourceCheck {
  /** The requirement, as a sentence. */
  name: string;
  /**
   * Runs the check on a new source, which it closes.
   *
   * @param open opens a source without bundles
   * @throws AssertionError if the source does not do what `name` says
   */
  run(open: () => Awaitable<BundleSourceFixture>): Promise<void>;
}

function check(name: string, body: (fixture: BundleSourceFixture) => Promise<void>): BundleSourceCheck {
  return {
    name,
    async run(open) {
      const fixture = await open();
      try {
        await body(fixture);
      } finally {
        await fixture.source.close?.();
      }
    },
  };
}

const MAX = 1_000_000;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));
const textOf = (bytes: Uint8Array | undefined | null): string | undefined =>
  bytes === undefined || bytes === null ? undefined : Buffer.from(bytes).toString('utf8');

async function listed(source: BundleSource): Promise<BundleEntry[]> {
  const entries: BundleEntry[] = [];
  for await (const entry of source.list()) entries.push(entry);
  return entries;
}

/** All checks of a {@link BundleSource}. */
export const bundleSourceContract: readonly BundleSourceCheck[] = [
  check('a bundle that is not there is null', async ({ source }) => {
    assert.equal(await source.version('nothing'), null);
    assert.equal(await source.fetch('nothing', MAX), null);
    assert.deepEqual(await source.kept('nothing'), []);
    assert.equal(await source.fetchKept('nothing', '20260101T000000000Z', MAX), null);
    assert.deepEqual(await listed(source), []);
  }),
  check('bytes are read as they were pushed, with the version that push returned', async ({ source }) => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
    const version = await source.push('some_package', bytes);
    assert.equal(await source.version('some_package'), version);
    const fetched = await source.fetch('some_package', MAX);
    assert.ok(fetched !== null && Buffer.compare(fetched.bytes, bytes) === 0);
    assert.equal(fetched.version, version);
    assert.match(source.placeOf('some_package'), /some_package\.zip$/);
  }),
  check('a new push has a new version, and the old bundle is kept', async ({ source }) => {
    const first = await source.push('p', bytesOf('first'));
    const second = await source.push('p', bytesOf('second, longer'));
    assert.notEqual(second, first);
    assert.equal(textOf((await source.fetch('p', MAX))?.bytes), 'second, longer');
    const kept = await source.kept('p');
    assert.equal(kept.length, 1);
    const [{ id, size, replaced } = { id: '', size: 0, replaced: '' }] = kept;
    assert.equal(size, 5);
    assert.ok(Math.abs(Date.parse(replaced) - Date.now()) < 3_600_000, `replaced at ${replaced}`);
    assert.equal(textOf(await source.fetchKept('p', id, MAX)), 'first');
    assert.equal(await source.fetchKept('other', id, MAX), null);
  }),
  check('kept bundles are newest first, and the oldest are removed', async ({ source, keep }) => {
    for (let index = 0; index <= keep + 1; index++) await source.push('p', bytesOf(`bundle ${index}`));
    const kept = await source.kept('p');
    assert.equal(kept.length, keep);
    const texts = [];
    for (const { id } of kept) texts.push(textOf(await source.fetchKept('p', id, MAX)));
    assert.deepEqual(
      texts,
      Array.from({ length: keep }, (_, index) => `bundle ${keep - index}`),
    );
  }),
  check('progress ends with all bytes, and never decreases', async ({ source }) => {
    const seen: number[] = [];
    await source.push('p', new Uint8Array(300_000), (bytes) => seen.push(bytes));
    assert.equal(seen.at(-1), 300_000);
    assert.deepEqual(
      seen,
      [...seen].sort((a, b) => a - b),
    );
  }),
  check('a bundle that another program has replaced has another version', async ({ source, put }) => {
    const before = await source.push('p', bytesOf('one'));
    await put('p.zip', bytesOf('another one'));
    const version = await source.version('p');
    assert.notEqual(version, before);
    const fetched = await source.fetch('p', MAX);
    assert.equal(fetched?.version, version);
    assert.equal(textOf(fetched.bytes), 'another one');
  }),
  check('a bundle that was removed is gone', async ({ source, remove }) => {
    await source.push('p', bytesOf('one'));
    await remove('p');
    assert.equal(await source.version('p'), null);
    assert.equal(await source.fetch('p', MAX), null);
  }),
  check('a bundle that is too large is refused before it is read', async ({ source }) => {
    await source.push('p', new Uint8Array(1_001));
    await throws('module_failed', () => source.fetch('p', 1_000));
    assert.equal((await source.fetch('p', 1_001))?.bytes.length, 1_001);
  }),
  check('bundles are listed by name, and nothing else is', async ({ source, put }) => {
    await source.push('b', bytesOf('one'));
    await source.push('b', bytesOf('three'));
    await source.push('a', bytesOf('two'));
    await put('notes.txt', bytesOf('no bundle'));
    await put('not a name.zip', bytesOf('no bundle'));
    const entries = await listed(source);
    assert.deepEqual(
      entries.map(({ name, size }) => [name, size]),
      [
        ['a', 3],
        ['b', 5],
      ],
    );
    for (const { name, version, modified } of entries) {
      assert.equal(version, await source.version(name));
      assert.ok(Math.abs(Date.parse(modified) - Date.now()) < 3_600_000, `modified at ${modified}`);
    }
  }),
  check('a name that leads elsewhere is refused', async ({ source }) => {
    for (const name of ['', '.', '..', '../x', 'a/b', '/x', 'a\\b', '.hidden', 'a\u0000b', 'x'.repeat(101)]) {
      await throws('usage', () => source.version(name));
      await throws('usage', () => source.fetch(name, MAX));
      await throws('usage', () => source.push(name, bytesOf('x')));
      await throws('usage', () => source.kept(name));
      await throws('usage', () => source.fetchKept(name, '20260101T000000000Z', MAX));
    }
    await source.push('p', bytesOf('one'));
    await source.push('p', bytesOf('two'));
    for (const id of ['', '..', '../p', 'a/b']) assert.equal(await source.fetchKept('p', id, MAX), null);
  }),
];
