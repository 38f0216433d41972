/**
 * The embedded store of mcp-daemon.
 */
export { openSqliteStore } from './store.js';
export type { SqliteStoreOptions } from './store.js';
