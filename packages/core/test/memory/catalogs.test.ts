import { catalogStoreContract } from '../../src/contract/index.js';
import { createMemoryCatalogStore } from '../../src/memory/catalogs.js';
import { createMemoryStore } from '../../src/memory/store.js';

describe('the contract of a catalog store', () => {
  for (const check of catalogStoreContract) {
    it(check.name, () =>
      check.run(() => {
        const catalogs = createMemoryCatalogStore();
        return { catalogs, close: () => catalogs.close() };
      }),
    );
  }
});

it('a store in memory has catalogs, which end with it', async () => {
  const store = createMemoryStore();
  await store.catalogs?.touch('acme');
  expect((await store.catalogs?.partitions())?.items).toHaveLength(1);
  await store.close();
  expect(() => store.catalogs?.head('acme')).toThrow('closed');
});
