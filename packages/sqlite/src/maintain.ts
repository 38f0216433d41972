/** Maintenance of a record file: backup, restore and check. Backup and check work while processes record; restore does not. */
import { resolve } from 'node:path';

import { toStoreError } from './engine/failure.js';
import type { Backup } from './maintenance/backup.js';
import type { Restored } from './maintenance/restore.js';
import type { Verification } from './maintenance/verify.js';

export type { Backup } from './maintenance/backup.js';
export type { Restored } from './maintenance/restore.js';
export type { Verification } from './maintenance/verify.js';

const load = () => import('./record-database.js');

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error, { file });
  }
}

/**
 * Copies a record file into a new file, while processes use it. The copy has the state of one moment, with all records that wait
 * for their import.
 *
 * @param target the new file; it must not exist. Only this user can read it
 * @throws DaemonError `usage` if `target` exists, `store_busy` or `store_failed`
 */
export const backupRecords = (file: string, target: string): Promise<Backup> =>
  attempt(file, async () => (await load()).backupDatabase(resolve(file), resolve(target)));

/**
 * Replaces a record file by a backup, and keeps the old file under another name. A backup may be any copy of a record file; its
 * `-wal` and `-pending` files are read, if there are any.
 *
 * @throws DaemonError `store_busy` if a process uses `file`, `store_failed` if the backup cannot be used
 */
export const restoreRecords = (backup: string, file: string): Promise<Restored> =>
  attempt(file, async () => (await load()).restoreDatabase(resolve(backup), resolve(file)));

/** Checks a record file and its journals. Changes nothing. @throws DaemonError `store_failed` if there is no such file */
export const verifyRecords = (file: string): Promise<Verification> =>
  attempt(file, async () => (await load()).verifyDatabase(resolve(file)));
