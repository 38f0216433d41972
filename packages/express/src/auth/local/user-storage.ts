/** A users file on disk: read whole, replaced whole, by one process at a time. */
import { mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ConfigError, DaemonError } from '@mcp-daemon/core';

/** For its owner alone. */
const PRIVATE = 0o600;
const MAX_BYTES = 32_000_000;
/** A writer takes milliseconds: one that has held the file for longer is gone. */
const STALE_MS = 10_000;
const PATIENCE_MS = 15_000;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error';

/** What tells one version of a file from another; undefined: there is no file. @throws ConfigError where it cannot be looked at */
export async function versionOf(file: string): Promise<string | undefined> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new ConfigError([{ path: '$', message: `cannot be read: ${codeOf(error)}` }], file);
  }
}

/** The text of a file; undefined: there is none. @throws ConfigError */
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
  return since !== undefined && Date.now() - since > STALE_MS;
};

/**
 * Removes the lock of a writer that is gone. One at a time: who looked before another removed it would remove the lock that came
 * after it.
 *
 * @returns whether nobody else was about to
 */
async function removeStale(path: string): Promise<boolean> {
  const turn = `${path}.stale`;
  try {
    await mkdir(turn);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (await isStale(turn)) await rm(turn, { recursive: true, force: true });
    return false;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
    return true;
  } finally {
    await rm(turn, { recursive: true, force: true });
  }
}

/** Creates the file that locks: who has it may write. */
async function lock(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await open(path, 'wx', PRIVATE);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      if (Date.now() > end) throw new DaemonError('store_busy', `${path} exists: another program is writing the users`);
      if (!(await isStale(path)) || !(await removeStale(path))) await sleep(10);
    }
  }
}

/**
 * Replaces a file by what `change` makes of its text. Readers see the old text or the new one, and no change of another process is
 * lost: the new text is written into the file that locks, which is then renamed.
 *
 * @throws DaemonError `store_failed`, `store_busy`, or what `change` throws; the file is left as it is
 */
export async function replaceText(file: string, change: (text: string | undefined) => string): Promise<void> {
  // A link stays a link.
  const target = await realpath(file).catch(() => file);
  const temporary = `${target}.lock`;
  let handle;
  try {
    await mkdir(dirname(target), { recursive: true });
    handle = await lock(temporary);
  } catch (error) {
    throw error instanceof DaemonError ? error : notWritten(file, error);
  }
  try {
    const text = change(await textOf(target));
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error instanceof DaemonError ? error : notWritten(file, error);
  }
}

const notWritten = (file: string, cause: unknown): DaemonError =>
  new DaemonError('store_failed', `${file} cannot be written: ${codeOf(cause)}; it is left as it is`, { cause });
