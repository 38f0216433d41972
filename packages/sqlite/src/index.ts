/**
 * The embedded store of mcp-daemon.
 */
export { openSqliteStore } from './store.js';
export type { SqliteStoreOptions } from './store.js';
export { backupRecords, restoreRecords, verifyRecords } from './maintain.js';
export type { Backup, Restored, Verification } from './maintain.js';
