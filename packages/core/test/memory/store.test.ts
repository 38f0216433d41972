import { exampleRecord, storeContract } from '../../src/contract/index.js';
import { createMemoryStore } from '../../src/memory/store.js';

describe('the contract of a store', () => {
  for (const check of storeContract) it(check.name, () => check.run(createMemoryStore));
});

it('keeps the newest records of each partition, and open ones always', async () => {
  const { calls } = createMemoryStore({ maxRecords: 10 });
  const open = exampleRecord({ status: 'in_process' });
  await calls.write([open]);
  const rows = Array.from({ length: 25 }, (_, index) => exampleRecord({ created_at: index }));
  for (const row of rows) await calls.write([row]);
  await calls.write([exampleRecord({ partition_key: 'other' })]);
  const { items } = await calls.list('default', {});
  expect(items).toEqual([...rows.slice(-9).reverse(), open]);
  expect((await calls.list('other', {})).items).toHaveLength(1);
});

it('keeps open records even if they exceed the maximum', async () => {
  const { calls } = createMemoryStore({ maxRecords: 2 });
  await calls.write([1, 2, 3].map((created_at) => exampleRecord({ created_at, status: 'in_process' })));
  expect((await calls.list('default', {})).items).toHaveLength(3);
});

it.each([0, -1, 1.5, NaN])('refuses a maximum of %p records', (maxRecords) => {
  expect(() => createMemoryStore({ maxRecords })).toThrow('whole number above zero');
});

it('two stores share nothing', async () => {
  const [one, two] = [createMemoryStore(), createMemoryStore()];
  await one.calls.write([exampleRecord()]);
  expect((await two.calls.list('default', {})).items).toEqual([]);
  expect(one.owner).not.toBe(two.owner);
});

it('drops many records at once if it is large, and never more than the excess', async () => {
  const { calls } = createMemoryStore({ maxRecords: 1_000 });
  for (let index = 0; index < 1_101; index += 1) await calls.write([exampleRecord()]);
  const count = async (): Promise<number> => {
    const first = await calls.list('default', { limit: 1_000 });
    const second = first.cursor === undefined ? [] : (await calls.list('default', { limit: 1_000, cursor: first.cursor })).items;
    return first.items.length + second.length;
  };
  expect(await count()).toBe(1_000);
  await calls.write([exampleRecord()]);
  expect(await count()).toBe(1_001);
});
