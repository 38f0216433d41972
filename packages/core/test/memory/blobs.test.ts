import { blobStoreContract } from '../../src/contract/index.js';
import { createMemoryBlobs } from '../../src/memory/blobs.js';

describe('the contract of a blob store', () => {
  for (const check of blobStoreContract) it(check.name, () => check.run(createMemoryBlobs));
});
