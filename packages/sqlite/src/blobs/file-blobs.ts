/** Blobs as files: a key is the path of a file below a folder. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { BlobStore } from '@mcp-daemon/core';
import { blobKeyProblem, DaemonError } from '@mcp-daemon/core';

import { systemCode } from '../engine/failure.js';

/** What {@link createFileBlobs} takes. */
export interface FileBlobsOptions {
  /** The folder. It is created at the first write, for this user alone. */
  folder: string;
}

/** Begins and ends the name of a file that is being written. No key has this character. */
const UNFINISHED = '~';
/** A file that is written takes seconds: an older one was left by a process that was killed. */
const UNFINISHED_MS = 60 * 60_000;

/** Windows has neither of the last two. NONBLOCK: to open a named pipe must not wait for its writer. */
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What the file system says where there is no file of this name, and where there is none because it is a folder. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'];
const isAbsent = (error: unknown): boolean => ABSENT.includes(systemCode(error) ?? '');

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write or read there',
  EPERM: 'this user may not write or read there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'the beginning of its key is the key of another blob',
  EEXIST: 'the beginning of its key is the key of another blob',
  EISDIR: 'its key is the beginning of the key of another blob',
  ENOTEMPTY: 'its key is the beginning of the key of another blob',
  ENAMETOOLONG: 'a part of its key is longer than this file system allows',
  ELOOP: 'a part of its path is a symbolic link',
};
/** What may be over in a moment. */
const PASSING = ['EMFILE', 'ENFILE', 'EBUSY', 'EAGAIN'];

function toBlobError(cause: unknown, key: string): DaemonError {
  if (cause instanceof DaemonError) return cause;
  const code = systemCode(cause) ?? '';
  if (PASSING.includes(code)) {
    return new DaemonError('store_busy', `The blob ${key} cannot be used now (${code}): try again later.`, { cause });
  }
  const reason = REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new DaemonError('store_failed', `The blob ${key} cannot be used: ${reason}.`, { cause });
}

async function attempt<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toBlobError(error, key);
  }
}

/**
 * Refuses a path that leads through a symbolic link below the folder: it could lead out of it.
 *
 * @throws DaemonError `store_failed`, and what the file system throws, `ENOENT` if a part is not there
 */
async function refuseLinks(folder: string, segments: readonly string[], key: string): Promise<void> {
  let path = folder;
  for (const segment of segments) {
    path = join(path, segment);
    if ((await lstat(path)).isSymbolicLink()) {
      throw new DaemonError('store_failed', `The blob ${key} cannot be used: ${REASONS['ELOOP']}.`);
    }
  }
}

/** Removes what killed processes left half written. */
async function removeUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(UNFINISHED));
  for (const path of names.map((name) => join(folder, name))) {
    try {
      if (Date.now() - (await stat(path)).mtimeMs > UNFINISHED_MS) await unlink(path);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }
}

/** Writes a new file and waits until it is on the disk. Throws what the file system throws */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Creates a blob store on files. A file is written under another name and renamed when it is whole, and only this user can read it.
 * Symbolic links below the folder are not followed. On a file system that takes `A` and `a` for the same name, keys must not
 * differ in that alone.
 *
 * @returns the store. Its methods throw as the port says.
 * @throws DaemonError `usage` if the folder is empty
 */
export function createFileBlobs(options: FileBlobsOptions): BlobStore {
  if (typeof options.folder !== 'string' || options.folder === '') {
    throw new DaemonError('usage', 'folder must be the path of a folder.');
  }
  const folder = resolve(options.folder);
  let closed = false;
  let cleaned: Promise<void> | undefined;

  function segmentsOf(key: string): string[] {
    if (closed) throw new DaemonError('closed', 'The blob store is closed.');
    const problem = blobKeyProblem(key);
    if (problem !== undefined) throw new DaemonError('usage', `The key of a blob ${problem}.`);
    return key.split('/');
  }

  async function put(key: string, bytes: Uint8Array): Promise<void> {
    const segments = segmentsOf(key);
    const copy = Uint8Array.from(bytes); // whoever gave them may change them meanwhile
    await attempt(key, async () => {
      const parents = segments.slice(0, -1);
      await mkdir(join(folder, ...parents), { recursive: true, mode: 0o700 });
      await refuseLinks(folder, parents, key);
      cleaned ??= removeUnfinished(folder);
      await cleaned.catch((error: unknown) => {
        cleaned = undefined;
        throw error;
      });
      const temporary = join(folder, `${UNFINISHED}${randomUUID()}`);
      try {
        await writeNew(temporary, copy);
        await rename(temporary, join(folder, ...segments));
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    });
  }

  async function get(key: string): Promise<Uint8Array | undefined> {
    const segments = segmentsOf(key);
    return attempt(key, async () => {
      try {
        await refuseLinks(folder, segments, key);
        const handle = await open(join(folder, ...segments), READ);
        try {
          return (await handle.stat()).isFile() ? await handle.readFile() : undefined;
        } finally {
          await handle.close();
        }
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    });
  }

  async function remove(key: string): Promise<void> {
    const segments = segmentsOf(key);
    await attempt(key, async () => {
      try {
        await refuseLinks(folder, segments, key);
        const path = join(folder, ...segments);
        if ((await lstat(path)).isFile()) await unlink(path);
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    });
  }

  return {
    name: 'files',
    put,
    get,
    delete: remove,
    close() {
      closed = true;
    },
  };
}
