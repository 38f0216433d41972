/** Reads and replaces a file as a whole; only one process writes at a time. */
import { mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ConfigError, DaemonError } from '@mcp-daemon/core';

import { changeInPlace, isReplaceRefused } from './in-place.js';

/** The file mode: only the owner may read and write. */
const PRIVATE = 0o600;
const MAX_BYTES = 32_000_000;
/** Writing takes milliseconds, so a lock that is older than this belongs to a process that has died. */
const STALE_MS = 10_000;
/** How long a writer waits for the lock. */
const LOCK_TIMEOUT_MS = 15_000;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** A text that changes whenever the file does; undefined: there is no file. @throws ConfigError if it cannot be accessed */
export async function versionOf(file: string): Promise<string | undefined> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new ConfigError([{ path: '$', message: `cannot be read: ${codeOf(error)}` }], file);
  }
}

/** The text of a file; undefined: there is no file. @throws ConfigError if it cannot be read or is too large */
export async function textOf(file: string): Promise<string | undefined> {
  try {
    if ((await stat(file)).size > MAX_BYTES)
      throw new ConfigError([{ path: '$', message: `is larger than ${MAX_BYTES} bytes` }], file);
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new ConfigError([{ path: '$', message: `cannot be read: ${codeOf(error)}` }], file);
  }
}

const isStale = async (path: string): Promise<boolean> => {
  const since = (await stat(path).catch(() => undefined))?.mtimeMs;
  // Also a lock from the future: the clock went back after it was made.
  return since !== undefined && Math.abs(Date.now() - since) > STALE_MS;
};

/**
 * Removes the lock of a process that has died. Only one process does so at a time: otherwise a second one, which had checked the same old
 * lock, could remove the new lock of another writer.
 *
 * @returns false where another process is removing the lock
 */
async function removeStale(path: string): Promise<boolean> {
  const removal = `${path}.stale`;
  try {
    await mkdir(removal);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (await isStale(removal)) await rm(removal, { recursive: true, force: true });
    return false;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
    return true;
  } finally {
    await rm(removal, { recursive: true, force: true });
  }
}

/** What {@link replaceText} takes besides the change; for tests. */
export interface ReplaceOptions {
  /** Creates and opens a file. Default: Node's `open`. */
  create?: typeof open;
  /** Renames a file. Default: Node's `rename`. */
  move?: typeof rename;
}

/** Creates the lock file. @throws DaemonError `store_busy` if another process keeps its lock for too long */
async function lock(path: string, create: typeof open): Promise<Awaited<ReturnType<typeof open>>> {
  const end = performance.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    try {
      return await create(path, 'wx', PRIVATE);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (performance.now() > end) throw new DaemonError('store_busy', `${path} exists: another program is changing the users`);
      if (!(await isStale(path)) || !(await removeStale(path))) await sleep(10);
    }
  }
}

/**
 * Replaces the text of a file by the result of `change`. Readers see the old text or the new one, and no change of another process is
 * lost: the new text is written to the lock file, which is then renamed to the file.
 *
 * A file that cannot be replaced, because it is mounted by itself, is written in place while the lock is held. So is one in a folder where
 * no lock file can be created: then two processes that change it in the same millisecond may lose a change.
 *
 * @param change gets the current text; undefined: there is no file
 * @throws DaemonError `store_failed`, `store_busy`, or what `change` throws; the file is unchanged then
 */
export async function replaceText(
  file: string,
  change: (text: string | undefined) => string,
  { create = open, move = rename }: ReplaceOptions = {},
): Promise<void> {
  // A symbolic link stays a link: its target is replaced.
  const target = await realpath(file).catch(() => file);
  const temporary = `${target}.lock`;
  let handle;
  try {
    await mkdir(dirname(target), { recursive: true });
    handle = await lock(temporary, create);
  } catch (error) {
    if (error instanceof DaemonError) throw error;
    if (!isReplaceRefused(error) || (await versionOf(target)) === undefined) throw notWritten(file, error);
    return changeExisting(file, target, change);
  }
  try {
    const text = change(await textOf(target));
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await move(temporary, target).catch(async (error: unknown) => {
      if (!isReplaceRefused(error)) throw error;
      changeInPlace(target, () => text);
      await rm(temporary, { force: true });
    });
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error instanceof DaemonError ? error : notWritten(file, error);
  }
}

/** Changes a file in place. */
function changeExisting(file: string, target: string, change: (text: string) => string): void {
  try {
    changeInPlace(target, change);
  } catch (error) {
    throw error instanceof DaemonError ? error : notWritten(file, error);
  }
}

const notWritten = (file: string, cause: unknown): DaemonError =>
  new DaemonError('store_failed', `${file} cannot be written: ${codeOf(cause)}; it is unchanged`, { cause });
