import { blobStoreContract, catalogStoreContract, stateStoreContract, storeContract } from '@mcp-daemon/core/contract';

import { openDynamoStore, openS3Blobs } from '../src/index.js';
import { openEmpty, untilEnd } from './empty-store.js';
import { LOCAL, startFauxqs } from './support.js';

// With other settings: contract-settings.slow.test.ts.
describe('the contract of a store, on dynalite and fauxqs', () => {
  for (const check of storeContract) it(check.name, () => check.run(async () => (await openEmpty()).store));
});

describe('the contract of stored catalogs, on dynalite', () => {
  for (const check of catalogStoreContract) {
    it(check.name, () =>
      check.run(async () => {
        const { store, endpoint } = await openEmpty();
        const other = await openDynamoStore({ ...LOCAL, endpoint });
        const close = async (): Promise<void> => {
          await store.close();
          await other.close();
        };
        return { catalogs: store.catalogs, other: other.catalogs, close };
      }),
    );
  }
});

describe('the contract of a store of state, on dynalite', () => {
  for (const check of stateStoreContract) it(check.name, () => check.run(async () => (await openEmpty()).store.state));
});

describe('the contract of blobs, on fauxqs', () => {
  for (const check of blobStoreContract) {
    it(check.name, async () => {
      const { endpoint } = untilEnd(await startFauxqs('blobs'));
      await check.run(() => openS3Blobs({ ...LOCAL, bucket: 'blobs', endpoint }));
    });
  }
});
