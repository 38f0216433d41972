/**
 * Replaces a file in one step: readers see the old content or the new one, never a part of it.
 */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
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
  /** Renames a file. Default: Node's `rename`. */
  rename?: (from: string, to: string) => void;
}

/** Why a file cannot be replaced, though it may be written: it is mounted by itself, or its folder is read-only. */
const IN_PLACE: ReadonlySet<unknown> = new Set(['EBUSY', 'EXDEV', 'EPERM', 'EROFS', 'EACCES']);

function chownIfAllowed(path: string, uid: number, gid: number): void {
  try {
    chownSync(path, uid, gid);
  } catch {
    // Only root may give files away; then the file belongs to the current user.
  }
}

function overwrite(file: string, content: string | Uint8Array): void {
  // Not 'w', which would empty the file before the first byte is written.
  const descriptor = openSync(file, 'r+');
  try {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    ftruncateSync(descriptor, bytes.length);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a file that cannot be replaced. If that fails halfway, it gets its old content back. */
function writeInPlace(file: string, content: string | Uint8Array): void {
  const before = readFileSync(file);
  try {
    overwrite(file, content);
  } catch (error) {
    overwrite(file, before);
    throw error;
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/**
 * Writes a temporary file beside the file and renames it. The folder must exist. A file that cannot be replaced, because it is
 * mounted by itself or its folder is read-only, is written in place: for a moment readers may see a part of it.
 *
 * @throws what the file system throws; then the old file is unchanged and the temporary one is removed
 */
export function writeFileAtomically(
  file: string,
  content: string | Uint8Array,
  { like, durable = false, rename = renameSync }: AtomicWriteOptions = {},
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
    rename(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    if (!IN_PLACE.has(codeOf(error)) || !existsSync(file)) throw error;
    writeInPlace(file, content);
  }
}
