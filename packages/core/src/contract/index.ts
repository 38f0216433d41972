/** What adapters must do, as data: one contract suite per port. */
export { blobStoreContract } from './blobs.js';
export type { BlobStoreCheck } from './blobs.js';
export { bundleSourceContract } from './bundles.js';
export type { BundleSourceCheck, BundleSourceFixture } from './bundles.js';
export { storeContract } from './calls.js';
export { exampleRecord } from './calls-support.js';
export type { ContractCheck } from './calls-support.js';
export { catalogStoreContract } from './catalog-store.js';
export { exampleCommit, exampleFunctionRow, exampleModuleRow } from './catalog-support.js';
export type { CatalogStoreCheck, CatalogStoreFixture } from './catalog-support.js';
export { catalogSourceContract, exampleCatalog } from './catalogs.js';
export type { CatalogSourceCheck, CatalogSourceFixture } from './catalogs.js';
export { runnerContract } from './runner.js';
export { runnerContextContract } from './runner-context.js';
export type { RunnerCheck, RunnerFixture } from './runner.js';
export { stateStoreContract } from './state.js';
export type { StateStoreCheck } from './state.js';
