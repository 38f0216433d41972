/**
 * Work on a whole record file: backup, restore and check. It may be done while processes record, but for the restore.
 */
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
 * Copies a record file into a new file, while processes use it: as it was at one moment, with all that waits to be imported.
 *
 * @param target the new file; it must not exist. Only this user may read it
 * @throws DaemonError `usage` where `target` exists, `store_busy` or `store_failed`
 */
export const backupRecords = (file: string, target: string): Promise<Backup> =>
  attempt(file, async () => (await load()).backupDatabase(resolve(file), resolve(target)));

/**
 * Puts a backup into the place of a record file, which is kept beside it. A backup may be any copy of a record file; the files
 * beside it (`-wal`, `-pending`) are read where it has any.
 *
 * @throws DaemonError `store_busy` where a process uses `file`, `store_failed` where the backup cannot be used
 */
export const restoreRecords = (backup: string, file: string): Promise<Restored> =>
  attempt(file, async () => (await load()).restoreDatabase(resolve(backup), resolve(file)));

/** Checks a record file and its journals, and changes nothing. @throws DaemonError `store_failed` where there is no such file */
export const verifyRecords = (file: string): Promise<Verification> =>
  attempt(file, async () => (await load()).verifyDatabase(resolve(file)));
