/**
 * Changes a file without replacing it: one that is mounted by itself, such as a file of a container, cannot be replaced, and a folder that is
 * read-only takes no file beside it.
 */
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Why a file cannot be replaced by renaming, or can have no file beside it, though it may be writable itself. */
const REFUSED: ReadonlySet<unknown> = new Set(['EBUSY', 'EXDEV', 'EPERM', 'EROFS', 'EACCES']);

/** Whether the system refuses to replace a file that can perhaps be changed in place. */
export const isReplaceRefused = (error: unknown): boolean => REFUSED.has((error as NodeJS.ErrnoException).code);

function overwrite(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
  ftruncateSync(descriptor, bytes.length);
  fsyncSync(descriptor);
}

/**
 * Reads a file and writes its new text over the old one, with nothing of this process in between. Where writing fails, the file gets its old
 * text back. For a moment other processes may read a part of the new text.
 *
 * @param change gets the current text
 * @throws what the file system or `change` throws
 */
export function changeInPlace(file: string, change: (text: string) => string): void {
  const descriptor = openSync(file, 'r+');
  try {
    const before = readFileSync(descriptor);
    const after = Buffer.from(change(before.toString('utf8')));
    try {
      overwrite(descriptor, after);
    } catch (error) {
      overwrite(descriptor, before);
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}
