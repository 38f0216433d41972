/**
 * Writes the config file of a host: makes a backup, then replaces the file in one step.
 */
import { constants } from 'node:fs';
import { copyFile, readFile, readlink, realpath, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { Failure, messageOf } from '../errors.js';
import { writeFileAtomically } from '../files/atomic-write.js';
import { makeFolder } from '../files/make-folder.js';

/** As usual for config folders; the system takes away what the umask says. */
const NEW_FOLDER = 0o777;

/**
 * The text of a file; undefined where it does not exist.
 *
 * @throws Failure if it cannot be read or is not UTF-8
 */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(file);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Failure(`cannot read ${file}: ${messageOf(error)}. The file was not changed`);
  }
}

/** The file that symbolic links point to, even if it does not exist yet. */
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
 * Replaces the text of a file. A symbolic link stays a link, and its target is written. Mode and owner stay; a new file is
 * private, because it holds commands, and perhaps secrets later.
 *
 * @param before the text that `after` was made from; if the file has another text by now, nothing is written
 * @returns the path of the backup; undefined where there was no file
 * @throws Failure if the file has changed or cannot be written
 */
export async function replaceFile(file: string, before: string | undefined, after: string): Promise<string | undefined> {
  const target = await targetOf(file);
  if ((await textOf(target)) !== before) throw new Failure(`another program has just changed ${file}; try again`);
  let backup: string | undefined;
  try {
    makeFolder(dirname(target), NEW_FOLDER);
    const like = before === undefined ? undefined : await stat(target);
    if (like !== undefined) {
      const path = backupName(target, new Date());
      await copyFile(target, path, constants.COPYFILE_EXCL);
      backup = path;
    }
    writeFileAtomically(target, after, { like, durable: true });
  } catch (error) {
    if (backup !== undefined) await rm(backup, { force: true });
    throw new Failure(`cannot write ${file}: ${messageOf(error)}. The file was not changed`);
  }
  return backup;
}
