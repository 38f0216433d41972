/** The contracts with settings that are not the default: contract.test.ts has the others. */
import { stateStoreContract, storeContract } from '@mcp-daemon/core/contract';

import { openDynamoStore } from '../src/index.js';
import { openEmpty } from './empty-store.js';
import { LOCAL } from './support.js';

describe.each([
  ['answered', 'none'],
  ['answered', 8],
  ['eventual', 'months'],
] as const)('the contract of a store, on dynalite and fauxqs, %s, spread: %s', (promise, spread) => {
  for (const check of storeContract) it(check.name, () => check.run(async () => (await openEmpty({ promise, spread })).store));
});

describe('the contract of a store of state, on dynalite, without a bucket', () => {
  for (const check of stateStoreContract) {
    it(check.name, () =>
      check.run(async () => (await openDynamoStore({ ...LOCAL, endpoint: (await openEmpty()).endpoint })).state),
    );
  }
});
