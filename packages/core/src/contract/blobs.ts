/**
 * What any {@link BlobStore} must do, as data: run each check with whatever runs your tests.
 *
 * ```js
 * for (const check of blobStoreContract) test(check.name, () => check.run(openEmptyBlobs));
 * ```
 */
import assert from 'node:assert/strict';

import type { Awaitable } from '../base/awaitable.js';
import { uuidv7 } from '../base/uuid.js';
import type { BlobStore } from '../ports/blobs.js';
import { throws } from './calls-support.js';

/** One check of a blob store. */
export interface BlobStoreCheck {
  /** What holds, in words. */
  name: string;
  /**
   * Runs the check on a new store, which it closes.
   *
   * @param open opens a store without blobs
   * @throws AssertionError if the store does not do what `name` says
   */
  run(open: () => Awaitable<BlobStore>): Promise<void>;
}

function check(name: string, body: (blobs: BlobStore) => Promise<void>): BlobStoreCheck {
  return {
    name,
    async run(open) {
      const blobs = await open();
      try {
        await body(blobs);
      } finally {
        await blobs.close?.();
      }
    },
  };
}

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

/** @throws AssertionError if the blob of a key is not these bytes */
async function holds(blobs: BlobStore, key: string, expected: Uint8Array | undefined): Promise<void> {
  const found = await blobs.get(key);
  if (expected === undefined) assert.equal(found, undefined, `there is a blob ${key}`);
  else assert.ok(found !== undefined && Buffer.compare(found, expected) === 0, `the blob ${key} is not what was written`);
}

/** All checks of a {@link BlobStore}. */
export const blobStoreContract: readonly BlobStoreCheck[] = [
  check('bytes are read as they were written', async (blobs) => {
    const values = [new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, index) => index), bytesOf('{"é":"😀"}')];
    for (const value of values) {
      const key = `mcp_content/${uuidv7()}.json`;
      await blobs.put(key, value);
      await holds(blobs, key, value);
    }
  }),

  check('a blob may have 5 MB', async (blobs) => {
    const value = Uint8Array.from({ length: 5_000_000 }, (_, index) => (index * 7 + (index >> 8)) % 256);
    await blobs.put('large', value);
    await holds(blobs, 'large', value);
  }),

  check('what is not there is undefined, and may be deleted', async (blobs) => {
    await holds(blobs, 'none', undefined);
    await holds(blobs, 'no/folder/none.json', undefined);
    await blobs.delete('none');
    await blobs.delete('no/folder/none.json');
    await blobs.put('a/b', bytesOf('x'));
    await holds(blobs, 'a', undefined);
    await blobs.delete('a');
    await holds(blobs, 'a/b', bytesOf('x'));
  }),

  check('a blob is replaced and deleted, and no other with it', async (blobs) => {
    const keys = ['a', 'b/a', 'b/a.json', 'b/aa', 'b-a', 'b/c/a'];
    for (const key of keys) await blobs.put(key, bytesOf(`first ${key}`));
    await blobs.put('b/a', bytesOf('x'));
    for (const key of keys) await holds(blobs, key, bytesOf(key === 'b/a' ? 'x' : `first ${key}`));
    await blobs.delete('b/a');
    await blobs.delete('b/a');
    for (const key of keys) await holds(blobs, key, key === 'b/a' ? undefined : bytesOf(`first ${key}`));
  }),

  check('the store keeps its own copies, and only the bytes of a view', async (blobs) => {
    const buffer = bytesOf('0123456789');
    const view = buffer.subarray(2, 5);
    await blobs.put('view', view);
    view.fill(0);
    await holds(blobs, 'view', bytesOf('234'));
    (await blobs.get('view'))?.fill(0);
    await holds(blobs, 'view', bytesOf('234'));
  }),

  check('readers see the old bytes or the new ones while many write', async (blobs) => {
    const values = Array.from({ length: 20 }, (_, index) => new Uint8Array(100_000).fill(index));
    await blobs.put('shared', values[0] as Uint8Array);
    const reads: Promise<void>[] = [];
    const writes = values.map(async (value) => {
      await blobs.put('shared', value);
      const found = await blobs.get('shared');
      assert.ok(found !== undefined && found.length === 100_000 && found.every((byte) => byte === found[0]), 'a part was read');
    });
    for (let index = 0; index < 20; index += 1) {
      reads.push(
        (async () => {
          const found = await blobs.get('shared');
          assert.ok(
            found !== undefined && found.length === 100_000 && found.every((byte) => byte === found[0]),
            'a part was read',
          );
        })(),
      );
    }
    await Promise.all([...writes, ...reads]);
  }),

  check('keys may be long, and those that leave the store are refused', async (blobs) => {
    const long = `${'x'.repeat(200)}/${'y'.repeat(200)}/${'z'.repeat(110)}`;
    await blobs.put(long, bytesOf('long'));
    await holds(blobs, long, bytesOf('long'));
    const wrong = [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '..',
      '../a',
      'a/../../b',
      './a',
      'a\\b',
      'a\0b',
      'a b',
      'a#b',
      'é',
      'C:/a',
      'x'.repeat(513),
    ];
    for (const key of wrong) {
      await throws('usage', () => blobs.put(key, bytesOf('x')));
      await throws('usage', () => blobs.get(key));
      await throws('usage', () => blobs.delete(key));
    }
  }),

  check('close may be called twice, and use after it is refused', async (blobs) => {
    if (blobs.close === undefined) return;
    await blobs.close();
    await blobs.close();
    await throws('closed', () => blobs.put('a', bytesOf('x')));
    await throws('closed', () => blobs.get('a'));
    await throws('closed', () => blobs.delete('a'));
  }),

  check('a blob store has a name', async (blobs) => {
    assert.match(blobs.name, /^[a-z][a-z0-9-]*$/);
  }),
];
