/**
 * What any {@link CatalogSource} must do, as data. Run each check with your test runner.
 *
 * ```js
 * for (const check of catalogSourceContract) test(check.name, () => check.run(openSource));
 * ```
 */
import assert from 'node:assert/strict';

import type { Awaitable } from '../base/awaitable.js';
import type { CatalogSource } from '../ports/catalogs.js';
import type { CatalogDefinition } from '../ports/definition.js';
import { until } from './until.js';

/** A source under test, with a function that changes its catalog. */
export interface CatalogSourceFixture {
  source: CatalogSource;
  /** A partition that the source has; its catalog is {@link exampleCatalog} of `first`. */
  partition: string;
  /** Changes the partition's catalog to {@link exampleCatalog} of `name`, as an editor of the source does. */
  change(name: string): Awaitable<void>;
}

/** One check of a catalog source. */
export interface CatalogSourceCheck {
  /** The requirement, as a sentence. */
  name: string;
  /**
   * Runs the check on a new source, which it closes.
   *
   * @param open opens a source whose partition has the catalog {@link exampleCatalog} of `first`
   * @throws AssertionError if the source does not do what `name` says
   */
  run(open: () => Awaitable<CatalogSourceFixture>): Promise<void>;
}

/** A catalog of one tool, for sources under test. The tool's code is never loaded. */
export function exampleCatalog(name: string): CatalogDefinition {
  return {
    revision: name,
    functions: [
      {
        kind: 'tool',
        name,
        description: `The tool ${name}`,
        inputSchema: { type: 'object' },
        binding: { kind: 'link', package_name: 'none', module_name: 'none', function_name: name, setting: {} },
      },
    ],
  };
}

const names = (definition: CatalogDefinition | undefined): string[] | undefined => definition?.functions.map(({ name }) => name);

function check(
  name: string,
  body: (fixture: CatalogSourceFixture, another: () => Promise<CatalogSourceFixture>) => Promise<void>,
): CatalogSourceCheck {
  return {
    name,
    async run(open) {
      const opened: CatalogSourceFixture[] = [];
      const another = async (): Promise<CatalogSourceFixture> => {
        const fixture = await open();
        opened.push(fixture);
        return fixture;
      };
      try {
        await body(await another(), another);
      } finally {
        for (const { source } of opened) await source.close?.();
      }
    },
  };
}

/** All checks of a {@link CatalogSource}. The checks of `watch` pass for a source without `watch`. */
export const catalogSourceContract: readonly CatalogSourceCheck[] = [
  check('load returns the same revision while nothing changes', async ({ source, partition }) => {
    const [first, second] = [await source.load(partition), await source.load(partition)];
    assert.deepEqual(names(first), ['first']);
    assert.ok(first !== undefined && first.revision.length > 0);
    assert.equal(second?.revision, first.revision);
  }),

  check('load returns undefined for an unknown partition', async ({ source, partition }) => {
    for (const wrong of ['', `${partition}#x`, `${partition} `, `no ${partition}`, '__proto__', '../x']) {
      assert.equal(await source.load(wrong), undefined, `the partition ${JSON.stringify(wrong)}`);
    }
  }),

  check('after a change load returns another catalog with another revision', async ({ source, partition, change }) => {
    const before = await source.load(partition);
    await change('second');
    const after = await source.load(partition);
    assert.deepEqual(names(after), ['second']);
    assert.notEqual(after?.revision, before?.revision);
  }),

  check('listeners are called with the partition when its new catalog can be loaded', async ({ source, partition, change }) => {
    if (source.watch === undefined) return;
    const seen: Awaitable<CatalogDefinition | undefined>[] = [];
    const partitions: string[] = [];
    source.watch((changed) => {
      partitions.push(changed);
      seen.push(source.load(changed));
    });
    await change('second');
    await until(() => partitions.length > 0, 'the call of the listener');
    assert.deepEqual([...new Set(partitions)], [partition]);
    assert.deepEqual(names(await seen.at(-1)), ['second']);
  }),

  check('a removed listener is not called, and the other listeners stay', async ({ source, change }) => {
    if (source.watch === undefined) return;
    const called: string[] = [];
    const same = (): void => void called.push('same');
    const removeFirst = source.watch(same);
    source.watch(same);
    source.watch(() => void called.push('last'));
    removeFirst();
    removeFirst();
    await change('second');
    await until(() => called.includes('last'), 'the call of the listener that stayed');
    assert.equal(called.filter((who) => who === 'same').length, called.filter((who) => who === 'last').length);
  }),

  check('close may be called twice, and no listener is called after it', async ({ source, change }, another) => {
    let calls = 0;
    source.watch?.(() => void (calls += 1));
    await source.close?.();
    await source.close?.();
    await change('second');
    // A source that is open, and whose change comes later, tells when the closed one would have called.
    const open = await another();
    if (open.source.watch !== undefined) {
      let isCalled = false;
      open.source.watch(() => void (isCalled = true));
      await open.change('second');
      await until(() => isCalled, 'the call of the listener of an open source');
    }
    assert.equal(calls, 0);
  }),
];
