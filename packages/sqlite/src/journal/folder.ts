/** The folder of a database's journals: `calls.db-pending/<owner>.<number>.journal`. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

import { systemCode } from '../engine/failure.js';
import { contentOf, frameAt } from './frames.js';
import type { ProcessIdentity } from './process-identity.js';

/** One journal file. A process starts a new file when the current one is long. */
export interface JournalFile {
  /** The file's name in the folder. */
  readonly name: string;
  readonly owner: string;
  readonly number: number;
}

/** The folder of a database's journals. SQLite itself uses the name `-journal`, so it has another name. */
export const folderOf = (file: string): string => `${file}-pending`;

/** The name of a process's nth journal. Names sort by number. */
export const nameOf = (owner: string, number: number): string => `${owner}.${String(number).padStart(6, '0')}.journal`;

const NAME = /^(.+)\.(\d{6,})\.journal$/;

/** All journals of a folder, by owner and number; none if there is no folder. */
export function listJournals(folder: string): JournalFile[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return [];
    throw error;
  }
  return names.sort().flatMap((name) => {
    const [, owner, number] = NAME.exec(name) ?? [];
    return owner === undefined ? [] : [{ name, owner, number: Number(number) }];
  });
}

/** Reads an open file from a position on, at most `most` bytes. */
export function readDescriptor(descriptor: number, most: number, position = 0): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(most, fstatSync(descriptor).size - position)));
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, position + length);
    if (read === 0) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Reads a file from a position on, at most `most` bytes; undefined if the file does not exist. */
export function readFrom(path: string, position: number, most: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return readDescriptor(descriptor, most, position);
  } finally {
    closeSync(descriptor);
  }
}

/** The identity of the file at a path; undefined if there is none. Throws what the file system throws. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

/** Size and last sign of life of a journal; undefined if it does not exist. */
export function look(path: string): { size: number; touchedAt: number } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : { size: stat.size, touchedAt: stat.mtimeMs };
}

const LONGEST_HEADER = 4_096;

/** The process that writes a journal; undefined if that cannot be read. */
export function writerOf(path: string): ProcessIdentity | undefined {
  const bytes = readFrom(path, 0, LONGEST_HEADER);
  const first = bytes === undefined ? 'torn' : frameAt(bytes, 0);
  if (bytes === undefined || typeof first === 'string' || first.letter !== 'J') return undefined;
  try {
    return JSON.parse(contentOf(bytes, 0, first)) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** Removes a file, if it exists. */
export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** The path of a journal. */
export const pathOf = (folder: string, { name }: Pick<JournalFile, 'name'>): string => join(folder, name);
