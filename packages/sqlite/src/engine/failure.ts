/**
 * The engines' errors in our words.
 */
import type { ErrorCode } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

/** SQLite's primary result codes that are told apart. https://www.sqlite.org/rescode.html */
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

/** Where an error came up: the file's name is for who starts us, not for a client of a running daemon. */
export interface Place {
  /** The file's path, while it is opened. */
  file?: string;
}

/** What engines and the file system put on their errors. Not `instanceof`: an error may come from another realm. */
interface Thrown {
  rawCode?: unknown;
  errcode?: unknown;
  code?: unknown;
  syscall?: unknown;
  message?: unknown;
  name?: unknown;
}

const members = (error: unknown): Thrown => (typeof error === 'object' && error !== null ? error : {});

/** The name of a system error, such as `EACCES`, where the file system or the kernel threw. */
export function systemCode(error: unknown): string | undefined {
  const { syscall, code } = members(error);
  return syscall === undefined || typeof code !== 'string' ? undefined : code;
}

/** SQLite's primary result code, where the error has one. */
export function resultCode(error: unknown): number | undefined {
  const { rawCode, errcode, message } = members(error);
  const code = typeof rawCode === 'number' ? rawCode : errcode;
  if (typeof code === 'number') return code & 0xff;
  // libsql gives the code of a failed opening as text alone.
  const opening = /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(String(message))?.[1];
  return opening === undefined ? undefined : Number(opening) & 0xff;
}

/** Whether waiting may help. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === RESULT.BUSY || code === RESULT.LOCKED || code === RESULT.PROTOCOL;
}

/** What is wrong, by result code; `it` names the file. */
const SENTENCES: Readonly<Record<number, (it: string) => string>> = {
  [RESULT.PERM]: (it) => `${it} may not be opened by this user: check the owner and the mode of the file and its folder.`,
  [RESULT.READONLY]: (it) => `${it} cannot be written: check the owner and the mode of the file and its folder.`,
  [RESULT.CANTOPEN]: (it) => `${it} cannot be opened: check that its folder exists and that this user may write there.`,
  [RESULT.IOERR]: (it) => `${it} cannot be read or written: the disk reported an error.`,
  [RESULT.FULL]: (it) => `${it} cannot grow: the disk is full. Make room; what was committed before is safe.`,
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
 * A DaemonError with one sentence for whatever an engine or the file system threw: `store_busy` where another process holds the
 * file, else `store_failed`. A DaemonError stays what it is.
 */
export function toStoreError(cause: unknown, { file }: Place = {}): DaemonError {
  if (cause instanceof DaemonError) return cause;
  const { name, code: ours, message: sentenceOfOurs } = members(cause);
  // The command line has this package in two bundles, and so two classes of that name.
  if (name === 'DaemonError') return new DaemonError(ours as ErrorCode, String(sentenceOfOurs), { cause });
  const it = file === undefined ? 'The record file' : `The record file ${file}`;
  if (isBusy(cause)) {
    return new DaemonError('store_busy', `${it} is locked by another process, and stayed so: try again later.`, { cause });
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
