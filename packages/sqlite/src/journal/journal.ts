/**
 * The journal of this process: what it records is appended here first, and brought into the database later. An append survives
 * the end of the process, by `kill -9` too: the kernel has it. It costs a fifth of a commit, and never waits for another process.
 *
 * A file stays open until it is imported, also when a newer one is begun. So it can be written again when it was removed from outside.
 */
import { closeSync, constants, fstatSync, ftruncateSync, futimesSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import type { CallRecord } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { systemCode } from '../engine/failure.js';
import { identityOf, nameOf, readDescriptor, remove } from './folder.js';
import type { FrameWriter } from './frames.js';
import { createFrameWriter, frame } from './frames.js';
import { thisProcess } from './process-identity.js';

/** What {@link createJournal} takes. */
export interface JournalOptions {
  folder: string;
  owner: string;
  /** Bytes after which a new file is begun. Default 8 MB. */
  fileBytes?: number;
}

/** What {@link Journal.restore} did. */
export interface Restored {
  /** Files that were removed, moved or replaced, and are written again. */
  files: number;
  /** Ended calls whose records are lost: their file was cut off. */
  lost: number;
}

/** The last record of a journal file that tells the end of a call. */
export type LastRecord = Pick<CallRecord, 'partition_key' | 'mcp_function_call_uuid'>;

/** The journal of one store. */
export interface Journal {
  /** Appends all rows, or none. Throws what the file system throws, and DaemonError `store_failed` for a row that is none. */
  append(rows: readonly CallRecord[]): void;
  /** Bytes appended since the journal was created. */
  readonly bytes: number;
  /** Ended calls appended since the journal was created, and those of them that are in files which are still held. */
  readonly calls: { readonly all: number; readonly held: number };
  /** The name of the file that is written to now; undefined before the first append. */
  readonly current: string | undefined;
  /** Whether all files that are not imported yet are where they were written. Throws what the file system throws. */
  isIntact(): boolean;
  /** Writes the file that is appended to again, where it was removed. Throws what the file system throws. */
  restoreCurrent(): Restored;
  /**
   * Does the same with the files before it that are not imported.
   *
   * @param isImported whether the database has a record: then its file was removed because it is imported
   */
  restoreOlder(isImported: (last: LastRecord) => boolean): Restored;
  /** Everything up to this number of appended bytes is in the database. */
  imported(bytes: number): void;
  /** Ends the timer and closes the files; the next append would begin a new one. */
  close(): void;
}

const FILE_BYTES = 8 * 1024 * 1024;
const BUFFER_BYTES = 64 * 1024;

/** How often a process with open calls touches its journal, for those who cannot see its pid. */
const TOUCH_MS = 15_000;

/** Never to be followed: the file is new. */
const NEW_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;

interface OpenFile {
  descriptor: number;
  readonly name: string;
  readonly writer: FrameWriter;
  size: number;
  /** Ended calls in it, how many of them are known to be imported, and the last one. */
  calls: number;
  importedCalls: number;
  last: LastRecord | undefined;
  /** {@link Journal.bytes} and `calls` when the last import was over. */
  seen: { bytes: number; calls: number };
  /** {@link Journal.bytes} when a newer file was begun. */
  endedAt: number;
}

/** Writes all bytes: the kernel may take a part of them. */
function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at, bytes.length - at);
}

/** Creates a journal; the folder and the first file are made at the first append. */
export function createJournal({ folder, owner, fileBytes = FILE_BYTES }: JournalOptions): Journal {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  const open = new Set<string>();
  let file: OpenFile | undefined;
  /** Files before it that are not known to be imported. */
  const older = new Set<OpenFile>();
  let number = 0;
  let total = 0;
  let calls = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Opens a new file. Another process that ends may remove the empty folder just now. */
  function create(name: string, tries = 5): number {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      return openSync(join(folder, name), NEW_FILE, 0o600);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || tries === 0) throw error;
      return create(name, tries - 1);
    }
  }

  /** Opens a new file that begins with some bytes. */
  function createWith(name: string, bytes: Buffer): number {
    const descriptor = create(name);
    try {
      writeAll(descriptor, bytes);
    } catch (error) {
      closeSync(descriptor);
      remove(join(folder, name));
      throw error;
    }
    return descriptor;
  }

  function begin(): OpenFile {
    number += 1;
    const name = nameOf(owner, number);
    const header = Buffer.from(frame('J', JSON.stringify({ version: 1, owner, ...thisProcess() })));
    const descriptor = createWith(name, header);
    const counts = { calls: 0, importedCalls: 0, last: undefined, seen: { bytes: total, calls: 0 }, endedAt: Infinity };
    return { descriptor, name, writer: createFrameWriter(), size: header.length, ...counts };
  }

  /** No more is written to the current file. It stays open until it is imported. */
  function end(): void {
    if (file === undefined) return;
    file.endedAt = total;
    older.add(file);
    file = undefined;
  }

  /** Whether a file is whole, and at its path. */
  function isThere({ descriptor, name, size }: OpenFile): boolean {
    const held = fstatSync(descriptor, { bigint: true });
    return Number(held.size) >= size && `${held.dev}:${held.ino}` === identityOf(join(folder, name));
  }

  /** Writes a file again, at its path: how far it is imported, if it is, is right for the new one, too. */
  function rewrite(lost: OpenFile): Restored {
    const held = fstatSync(lost.descriptor).size;
    if (held < lost.size) {
      // It was cut off, as a program does that rotates logs. What is imported of it is safe.
      if (lost === file) file = undefined;
      older.delete(lost);
      closeSync(lost.descriptor);
      calls -= lost.calls - lost.importedCalls; // they are counted as lost here
      return { files: 0, lost: lost.calls - lost.importedCalls };
    }
    const bytes = readDescriptor(lost.descriptor, lost.size);
    const temporary = `${lost.name}.new`;
    remove(join(folder, temporary));
    const descriptor = createWith(temporary, bytes);
    renameSync(join(folder, temporary), join(folder, lost.name));
    closeSync(lost.descriptor);
    lost.descriptor = descriptor;
    return { files: 1, lost: 0 };
  }

  /** Encodes and writes; a group that does not fit the buffer goes in several writes. @returns bytes */
  function write(rows: readonly CallRecord[], { descriptor, writer }: OpenFile): number {
    let at = 0;
    let bytes = 0;
    const flush = (): void => {
      if (at === 0) return;
      writeAll(descriptor, buffer.subarray(0, at));
      at = 0;
    };
    for (const row of rows) {
      const text = writer.frames(row);
      // A character has at most three bytes for each of its UTF-16 units.
      if (text.length * 3 <= BUFFER_BYTES - at) {
        const length = buffer.write(text, at);
        at += length;
        bytes += length;
        continue;
      }
      flush();
      if (text.length * 3 <= BUFFER_BYTES) {
        at = buffer.write(text, 0);
        bytes += at;
      } else {
        const large = Buffer.from(text);
        writeAll(descriptor, large);
        bytes += large.length;
      }
    }
    flush();
    return bytes;
  }

  /** Whoever cannot see this process's pid tells by the file's time whether it lives. */
  function touch(): void {
    if (open.size === 0 || file === undefined) {
      clearInterval(timer);
      timer = undefined;
      return;
    }
    const now = Date.now() / 1_000;
    try {
      futimesSync(file.descriptor, now, now);
    } catch {
      // The next turn tries again; three may fail before anybody takes this process for ended.
    }
  }

  function follow(rows: readonly CallRecord[], to: OpenFile): void {
    let last: CallRecord | undefined;
    for (const row of rows) {
      if (row.status === 'in_process') {
        open.add(row.mcp_function_call_uuid);
        continue;
      }
      if (open.size > 0) open.delete(row.mcp_function_call_uuid);
      to.calls += 1;
      calls += 1;
      last = row;
    }
    // A copy: the row's bodies may be large.
    if (last !== undefined) {
      to.last = { partition_key: last.partition_key, mcp_function_call_uuid: last.mcp_function_call_uuid };
    }
    if (open.size > 0) timer ??= setInterval(touch, TOUCH_MS).unref();
  }

  return {
    append(rows) {
      if (rows.length === 0) return;
      if (file !== undefined && (file.size >= fileBytes || file.writer.isFull)) end();
      file ??= begin();
      const { size, descriptor } = file;
      try {
        const bytes = write(rows, file);
        file.size += bytes;
        total += bytes;
      } catch (error) {
        // A new file begins: what follows half a frame could not be read, and the contexts of this group are not in this one.
        try {
          ftruncateSync(descriptor, size);
        } catch {
          // Then whole frames of the group stay. They are written again with the next try, and the later row counts.
        }
        end();
        throw error instanceof TypeError ? new DaemonError('store_failed', 'A call record has a value that is none.') : error;
      }
      follow(rows, file);
    },
    get bytes() {
      return total;
    },
    get current() {
      return file?.name;
    },
    get calls() {
      let held = file?.calls ?? 0;
      for (const one of older) held += one.calls;
      return { all: calls, held };
    },
    isIntact() {
      if (file !== undefined && !isThere(file)) return false;
      for (const one of older) if (!isThere(one)) return false;
      return true;
    },
    restoreCurrent: () => (file === undefined || isThere(file) ? { files: 0, lost: 0 } : rewrite(file)),
    restoreOlder(isImported) {
      const sum: Restored = { files: 0, lost: 0 };
      for (const one of [...older]) {
        if (isThere(one)) continue;
        if (one.last === undefined || isImported(one.last)) {
          older.delete(one);
          closeSync(one.descriptor);
          continue;
        }
        const { files, lost } = rewrite(one);
        sum.files += files;
        sum.lost += lost;
      }
      return sum;
    },
    imported(bytes) {
      if (file !== undefined) {
        if (bytes >= file.seen.bytes) file.importedCalls = file.seen.calls;
        if (bytes >= total) file.importedCalls = file.calls;
        file.seen = { bytes: total, calls: file.calls };
      }
      for (const one of older) {
        if (one.endedAt > bytes) continue;
        older.delete(one);
        closeSync(one.descriptor);
      }
    },
    close() {
      clearInterval(timer);
      timer = undefined;
      end();
      for (const { descriptor } of older) closeSync(descriptor);
      older.clear();
    },
  };
}
