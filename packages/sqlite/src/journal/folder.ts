/** The folder of a database's journals: `calls.db-pending/<owner>.<number>.journal`. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';

import { systemCode } from '../engine/failure.js';
import { contentOf, frameAt } from './frames.js';
import type { ProcessIdentity } from './process-identity.js';

/** One journal file. A process begins a new one when the one before is long. */
export interface JournalFile {
  /** Its name in the folder. */
  readonly name: string;
  readonly owner: string;
  readonly number: number;
}

/** Where the journals of a database are. It is not `-journal`: that name is SQLite's. */
export const folderOf = (file: string): string => `${file}-pending`;

/** The name of a process's nth journal; names sort by their number. */
export const nameOf = (owner: string, number: number): string => `${owner}.${String(number).padStart(6, '0')}.journal`;

const NAME = /^(.+)\.(\d{6,})\.journal$/;

/** All journals of a folder by owner and number; none where there is no folder. */
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

/** What an open file holds from a position on, at most `most` bytes. */
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

/** The bytes of a file from a position on, at most `most`; undefined where the file is gone. */
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

/** What tells a file from another one at its path; undefined where there is none. Throws what the file system throws. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

/** Size and last sign of life of a journal; undefined where it is gone. */
export function look(path: string): { size: number; touchedAt: number } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : { size: stat.size, touchedAt: stat.mtimeMs };
}

const LONGEST_HEADER = 4_096;

/** Who writes a journal; undefined where that cannot be read. */
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

/** Removes a file that may be gone already. */
export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}

/** The path of a journal. */
export const pathOf = (folder: string, { name }: Pick<JournalFile, 'name'>): string => join(folder, name);
