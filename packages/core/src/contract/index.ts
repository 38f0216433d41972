/** What adapters must do, as data: one suite a port. */
export { exampleRecord, storeContract } from './calls.js';
export type { ContractCheck } from './calls.js';
