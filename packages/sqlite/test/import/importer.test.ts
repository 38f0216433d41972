import { jest } from '@jest/globals';

import { until } from '../../../../tests/until.js';
import type { Importer } from '../../src/import/importer.js';
import { createImporter } from '../../src/import/importer.js';

/** An importer that finds the event loop as busy as `load` says. */
function importerWith(state: { load: number; bytes: number }): {
  importer: Importer;
  imported: Promise<number>;
  looks: () => number;
} {
  let looks = 0;
  const measure = performance.eventLoopUtilization.bind(performance);
  jest.spyOn(performance, 'eventLoopUtilization').mockImplementation((_now, before) => {
    if (before !== undefined) looks += 1;
    return { ...measure(), utilization: state.load };
  });
  let resolved: (bytes: number) => void = () => undefined;
  const imported = new Promise<number>((resolve) => (resolved = resolve));
  const importer = createImporter({
    file: '/nowhere.db',
    folder: '/nowhere.db-pending',
    database: () => Promise.resolve({ importSome: () => ({ bytes: state.bytes, done: true }) }),
    appended: () => state.bytes,
    lookAfter: () => Promise.resolve(false),
    imported: resolved,
    report: () => undefined,
  });
  return { importer, imported, looks: () => looks };
}

afterEach(() => jest.restoreAllMocks());

describe('an import of waiting records', () => {
  it('waits while the event loop is busy, and begins when it is not', async () => {
    const state = { load: 0.9, bytes: 1_000 };
    const { importer, imported, looks } = importerWith(state);
    let over = false;
    void imported.then(() => (over = true));
    importer.soon();
    await until(() => looks() >= 4);
    expect(over).toBe(false);
    expect(importer.waiting).toBe(1_000);
    state.load = 0.1;
    expect(await imported).toBe(1_000);
    await importer.stop();
  });

  it('does not wait for the event loop once 16 MB wait', async () => {
    const { importer, imported, looks } = importerWith({ load: 0.9, bytes: 17_000_000 });
    importer.soon();
    expect(await imported).toBe(17_000_000);
    expect(looks()).toBe(1);
    await importer.stop();
  });
});
