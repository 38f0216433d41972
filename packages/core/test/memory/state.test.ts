import { stateStoreContract } from '../../src/contract/index.js';
import { createMemoryState } from '../../src/memory/state.js';
import { createMemoryStore } from '../../src/memory/store.js';

describe('the contract of a state store', () => {
  for (const check of stateStoreContract) it(check.name, () => check.run(() => createMemoryState()));
});

it('entries that have expired are removed after a thousand writes, so that they do not fill the memory', async () => {
  let now = 1_000;
  const state = createMemoryState({ now: () => now });
  for (let index = 0; index < 998; index += 1) await state.put('a', `k/${index}`, '', { expires_at: 2_000 });
  now = 3_000;
  await state.put('a', 'stays', '');
  expect(await state.sweep()).toBe(998);
  await state.put('a', 'gone', '', { expires_at: 2_500 });
  for (let index = 0; index < 1_000; index += 1) await state.put('a', 'stays', '');
  expect(await state.sweep()).toBe(0);
});

it('a store in memory has state, which ends with it', async () => {
  const store = createMemoryStore();
  await store.state?.put('acme', 'k', 'v');
  expect((await store.state?.get('acme', 'k'))?.value).toBe('v');
  await store.close();
  expect(() => store.state?.get('acme', 'k')).toThrow('closed');
});
