/**
 * Writes a file that somebody else owns: a backup first, then all at once.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, chown, copyFile, mkdir, open, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { Failure, messageOf } from '../errors.js';

/** A new file holds commands, and perhaps secrets later: it is for this user alone. */
const PRIVATE = 0o600;

/** The text of a file; undefined: there is none. */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(file);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Failure(`${file} cannot be read: ${messageOf(error)}; it is left as it is`);
  }
}

/** The file that symbolic links lead to, also where it is not there yet. */
async function targetOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch {
    const next = await readlink(file).catch(() => undefined);
    return next === undefined ? file : resolve(dirname(file), next);
  }
}

/** A name next to the file that sorts by time. */
const backupName = (file: string, at: Date): string =>
  `${file}.${at.toISOString().replace(/[-:]/g, '').replace('.', '').replace('T', '-')}.bak`;

/**
 * Replaces a file's text. A symbolic link stays one, and its target is written; the mode and, if it can be, the owner stay.
 *
 * @param before the text that `after` was made from; where the file has another by now, nothing is written
 * @returns the backup's path; undefined where there was no file
 */
export async function replaceFile(file: string, before: string | undefined, after: string): Promise<string | undefined> {
  const target = await targetOf(file);
  if ((await textOf(target)) !== before) throw new Failure(`${file} was changed by another program just now; try again`);
  const old = before === undefined ? undefined : await stat(target);
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
  let backup: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    const handle = await open(temporary, 'wx', PRIVATE);
    try {
      await handle.writeFile(after);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (old !== undefined) {
      await chmod(temporary, old.mode & 0o7777);
      await chown(temporary, old.uid, old.gid).catch(() => undefined);
      backup = backupName(target, new Date());
      await copyFile(target, backup, constants.COPYFILE_EXCL);
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new Failure(`${file} cannot be written: ${messageOf(error)}; it is left as it is`);
  }
  return backup;
}
