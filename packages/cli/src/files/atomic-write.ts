/**
 * Replaces a file in one step: readers see the old content or the new one, never a part of it.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** For the current user alone. */
const PRIVATE = 0o600;

/** The end of the temporary files' names. A crash can leave such a file behind. */
export const TEMPORARY_SUFFIX = '.tmp';

/** What {@link writeFileAtomically} takes besides the content. */
export interface AtomicWriteOptions {
  /** The mode, and the owner where the system allows it, of the file that is replaced. By default the file is private. */
  like?: { mode: number; uid: number; gid: number } | undefined;
  /** Whether the content is on the disk when this returns. Default false. */
  durable?: boolean;
}

function chownIfAllowed(path: string, uid: number, gid: number): void {
  try {
    chownSync(path, uid, gid);
  } catch {
    // Only root may give files away; then the file belongs to the current user.
  }
}

/**
 * Writes a temporary file beside the file and renames it. The folder must exist.
 *
 * @throws what the file system throws; then the old file is unchanged and the temporary one is removed
 */
export function writeFileAtomically(
  file: string,
  content: string | Uint8Array,
  { like, durable = false }: AtomicWriteOptions = {},
): void {
  const temporary = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}${TEMPORARY_SUFFIX}`);
  try {
    const descriptor = openSync(temporary, 'wx', PRIVATE);
    try {
      writeFileSync(descriptor, content);
      if (durable) fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (like !== undefined) {
      chmodSync(temporary, like.mode & 0o7777);
      chownIfAllowed(temporary, like.uid, like.gid);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
