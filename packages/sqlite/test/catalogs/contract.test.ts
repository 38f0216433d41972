import { join } from 'node:path';

import { catalogStoreContract } from '@mcp-daemon/core/contract';

import { openSqliteStore } from '../../src/index.js';
import { temporaryFolder } from '../support.js';

const folder = temporaryFolder();
let count = 0;

describe('the contract of a store of catalogs', () => {
  const open = async () => {
    const file = join(folder, `${(count += 1)}`, 'catalogs.db');
    const first = await openSqliteStore({ file });
    const second = await openSqliteStore({ file });
    if (first.catalogs === undefined || second.catalogs === undefined) throw new Error('it has no catalogs');
    const close = async (): Promise<void> => {
      await first.close();
      await second.close();
    };
    return { catalogs: first.catalogs, other: second.catalogs, close };
  };
  for (const check of catalogStoreContract) it(check.name, () => check.run(open));
});
