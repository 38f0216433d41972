/** Converts errors of the engines and of the file system to DaemonErrors. */
import type { ErrorCode } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

/** SQLite's primary result codes that have their own message. https://www.sqlite.org/rescode.html */
export const RESULT = {
  PERM: 3,
  BUSY: 5,
  LOCKED: 6,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  PROTOCOL: 15,
  NOTADB: 26,
} as const;

/**
 * Where an error occurred. The message names the file only while it is opened: the operator should see it, but clients of a
 * running daemon should not.
 */
export interface Place {
  /** The file's path, while it is opened. */
  file?: string;
}

/**
 * The members of errors of the engines and the file system. It does not use `instanceof`, because an error may come from another
 * realm.
 */
interface Thrown {
  rawCode?: unknown;
  errcode?: unknown;
  code?: unknown;
  syscall?: unknown;
  message?: unknown;
  name?: unknown;
}

const members = (error: unknown): Thrown => (typeof error === 'object' && error !== null ? error : {});

/** The name of a system error, such as `EACCES`, if the error is one. */
export function systemCode(error: unknown): string | undefined {
  const { syscall, code } = members(error);
  return syscall === undefined || typeof code !== 'string' ? undefined : code;
}

/** SQLite's primary result code, if the error has one. */
export function resultCode(error: unknown): number | undefined {
  const { rawCode, errcode, message } = members(error);
  const code = typeof rawCode === 'number' ? rawCode : errcode;
  if (typeof code === 'number') return code & 0xff;
  // If opening fails, libsql gives the code only as text.
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(String(message))?.[1];
  return opening === undefined ? undefined : Number(opening) & 0xff;
}

/** Whether waiting may help. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === RESULT.BUSY || code === RESULT.LOCKED || code === RESULT.PROTOCOL;
}

/** The message for a result code; `it` names the file. */
const SENTENCES: Readonly<Record<number, (it: string) => string>> = {
  [RESULT.PERM]: (it) => `${it} cannot be opened by this user: check the owner and the mode of the file and its folder.`,
  [RESULT.READONLY]: (it) => `${it} cannot be written: check the owner and the mode of the file and its folder.`,
  [RESULT.CANTOPEN]: (it) => `${it} cannot be opened: check that its folder exists and that this user may write there.`,
  [RESULT.IOERR]: (it) => `${it} cannot be read or written: the disk reported an error.`,
  [RESULT.FULL]: (it) => `${it} cannot grow: the disk is full. Make room; committed records are safe.`,
  [RESULT.CORRUPT]: (it) => `${it} is damaged: move it away (with its -wal and -shm files) and start again.`,
  [RESULT.NOTADB]: (it) => `${it} is not an SQLite database: move it away or choose another file.`,
};

const SYSTEM: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'a part of its path is not a folder',
  ENOENT: 'its folder does not exist',
  EMFILE: 'this process has too many files open',
};

/**
 * Converts any error of an engine or of the file system to a DaemonError with a short message: `store_busy` if another process
 * has locked the file, else `store_failed`. A DaemonError is returned unchanged.
 */
export function toStoreError(cause: unknown, { file }: Place = {}): DaemonError {
  if (cause instanceof DaemonError) return cause;
  const { name, code: ours, message: sentenceOfOurs } = members(cause);
  // The command line contains this package in two bundles, so there are two classes with that name.
  if (name === 'DaemonError') return new DaemonError(ours as ErrorCode, String(sentenceOfOurs), { cause });
  const it = file === undefined ? 'The record file' : `The record file ${file}`;
  if (isBusy(cause)) {
    return new DaemonError('store_busy', `${it} is still locked by another process: try again later.`, { cause });
  }
  const code = resultCode(cause);
  const sentence = code === undefined ? undefined : SENTENCES[code];
  if (sentence !== undefined) return new DaemonError('store_failed', sentence(it), { cause });
  const system = systemCode(cause);
  if (system !== undefined) {
    return new DaemonError('store_failed', `${it} cannot be used: ${SYSTEM[system] ?? system}.`, { cause });
  }
  return new DaemonError('store_failed', `${it} cannot be used: ${String(members(cause).message ?? cause)}`, { cause });
}
