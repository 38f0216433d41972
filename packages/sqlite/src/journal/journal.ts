/**
 * The journal of this process. Records are appended here first, and imported into the database later. An append survives a crash
 * and `kill -9`, because the kernel has the data. It takes a fifth of the time of a commit, and never waits for another process.
 *
 * A file stays open until it is imported, even if a newer file is in use. So it can be written again if it was removed from
 * outside.
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
  /** Size in bytes after which a new file is started. Default 8 MB. */
  fileBytes?: number;
}

/** The result of {@link Journal.restore}. */
export interface Restored {
  /** Number of files that were removed, moved or replaced, and are written again. */
  files: number;
  /** Number of ended calls whose records are lost, because their file was truncated. */
  lost: number;
}

/** The last record of an ended call in a journal file. */
export type LastRecord = Pick<CallRecord, 'partition_key' | 'mcp_function_call_uuid'>;

/** The journal of one store. */
export interface Journal {
  /** Appends all rows, or none. Throws what the file system throws, and DaemonError `store_failed` for an invalid row. */
  append(rows: readonly CallRecord[]): void;
  /** Number of bytes appended since the journal was created. */
  readonly bytes: number;
  /** Number of ended calls appended since the journal was created, and number of those in files that are still open. */
  readonly calls: { readonly all: number; readonly held: number };
  /** The name of the current file; undefined before the first append. */
  readonly current: string | undefined;
  /** Whether all files that are not imported yet still exist at their paths. Throws what the file system throws. */
  isIntact(): boolean;
  /** Writes the current file again, if it was removed. Throws what the file system throws. */
  restoreCurrent(): Restored;
  /**
   * Does the same for the earlier files that are not imported.
   *
   * @param isImported whether the database has a record; if so, its file was removed because it is imported
   */
  restoreOlder(isImported: (last: LastRecord) => boolean): Restored;
  /** Call it when everything up to this number of appended bytes is in the database. */
  imported(bytes: number): void;
  /** Stops the timer and closes the files. Another append would start a new file. */
  close(): void;
}

const FILE_BYTES = 8 * 1024 * 1024;
const BUFFER_BYTES = 64 * 1024;

/** How often a process with open calls touches its journal, as a sign of life for processes that cannot see its pid. */
const TOUCH_MS = 15_000;

/** Fails if the path is a symbolic link or exists: the file must be new. */
const NEW_FILE = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;

interface OpenFile {
  descriptor: number;
  readonly name: string;
  readonly writer: FrameWriter;
  size: number;
  /** Ended calls in the file, how many of them are imported, and the last one. */
  calls: number;
  importedCalls: number;
  last: LastRecord | undefined;
  /** {@link Journal.bytes} and `calls` at the end of the last import. */
  seen: { bytes: number; calls: number };
  /** {@link Journal.bytes} when a newer file was started. */
  endedAt: number;
}

/** Writes all bytes, in a loop: one write may be partial. */
function writeAll(descriptor: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at, bytes.length - at);
}

/** Creates a journal. The folder and the first file are created at the first append. */
export function createJournal({ folder, owner, fileBytes = FILE_BYTES }: JournalOptions): Journal {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  const open = new Set<string>();
  let file: OpenFile | undefined;
  /** Earlier files that are not known to be imported. */
  const older = new Set<OpenFile>();
  let number = 0;
  let total = 0;
  let calls = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Opens a new file. It retries, because another process that exits may remove the empty folder. */
  function create(name: string, tries = 5): number {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      return openSync(join(folder, name), NEW_FILE, 0o600);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || tries === 0) throw error;
      return create(name, tries - 1);
    }
  }

  /** Opens a new file that starts with these bytes. */
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

  /** Finishes the current file. It stays open until it is imported. */
  function end(): void {
    if (file === undefined) return;
    file.endedAt = total;
    older.add(file);
    file = undefined;
  }

  /** Whether a file is complete, and still at its path. */
  function isThere({ descriptor, name, size }: OpenFile): boolean {
    const held = fstatSync(descriptor, { bigint: true });
    return Number(held.size) >= size && `${held.dev}:${held.ino}` === identityOf(join(folder, name));
  }

  /** Writes a file again, at its path. Its import position stays valid, because the content is the same. */
  function rewrite(lost: OpenFile): Restored {
    const held = fstatSync(lost.descriptor).size;
    if (held < lost.size) {
      // It was truncated, for example by a program that rotates logs. Imported records are safe.
      if (lost === file) file = undefined;
      older.delete(lost);
      closeSync(lost.descriptor);
      calls -= lost.calls - lost.importedCalls; // they are counted as lost
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

  /** Encodes and writes rows. A group that does not fit the buffer needs several writes. @returns the number of bytes */
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
      // A UTF-16 unit takes at most three bytes.
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

  /** Processes that cannot see this process's pid check the file's time instead. */
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
      // The next tick tries again. Other processes wait for three missed ticks before they treat this process as ended.
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
    // Copy the fields: the row's bodies may be large.
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
        // Start a new file: frames after an incomplete frame could not be read, and this file lacks contexts of the group.
        try {
          ftruncateSync(descriptor, size);
        } catch {
          // Complete frames of the group then stay in the file. The next try writes them again, and the later row counts.
        }
        end();
        throw error instanceof TypeError ? new DaemonError('store_failed', 'A call record has an invalid value.') : error;
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
