import { join } from 'node:path';

import type { Store } from '@mcp-daemon/core';
import { stateStoreContract } from '@mcp-daemon/core/contract';

import { openSqliteStore } from '../../src/index.js';
import { temporaryFolder } from '../support.js';

const folder = temporaryFolder();
let count = 0;
const opened: Store[] = [];
afterEach(() => Promise.all(opened.splice(0).map(async (store) => store.close())));

describe('the contract of a store of state', () => {
  for (const check of stateStoreContract) {
    it(check.name, () =>
      check.run(async () => {
        const store = await openSqliteStore({ file: join(folder, `${(count += 1)}`, 'calls.db') });
        opened.push(store);
        if (store.state === undefined) throw new Error('it has no state');
        return store.state;
      }),
    );
  }
});
