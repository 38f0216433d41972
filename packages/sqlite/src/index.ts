/**
 * The embedded store of mcp-daemon.
 *
 * Large arguments, results and revisions are in the database, and not in files beside it. A recorded body has at most a megabyte unless
 * `MCP_RECORD_MAX_BODY_BYTES` says more, a revision is compressed, and bodies are the last columns of their table, so that lists and
 * filters do not read them. A file per large body would cost each such call a file that is written and synced before its record, would
 * need rules for crashes between the two and for what is left over, and `records backup` could no longer copy all of it as it was at one
 * moment. What it would save, space in the database after pruning, SQLite gives to the next records.
 */
export { openSqliteStore } from './store.js';
export type { SqliteStoreOptions } from './store.js';
export { backupRecords, restoreRecords, verifyRecords } from './maintain.js';
export type { Backup, Restored, Verification } from './maintain.js';
