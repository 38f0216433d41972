/**
 * The journal of this process: what it records is appended here first, and brought into the database later. An append survives
 * the end of the process, by `kill -9` too: the kernel has it. It costs a fifth of a commit, and never waits for another process.
 */
import { closeSync, constants, ftruncateSync, futimesSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import type { CallRecord } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { systemCode } from '../engine/failure.js';
import { nameOf } from './folder.js';
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

/** The journal of one store. */
export interface Journal {
  /** Appends all rows, or none. Throws what the file system throws, and DaemonError `store_failed` for a row that is none. */
  append(rows: readonly CallRecord[]): void;
  /** Bytes appended since the journal was created. */
  readonly bytes: number;
  /** The name of the file that is written to now; undefined before the first append. */
  readonly current: string | undefined;
  /** Ends the timer and closes the file; the next append would begin a new one. */
  close(): void;
}

const FILE_BYTES = 8 * 1024 * 1024;
const BUFFER_BYTES = 64 * 1024;

/** How often a process with open calls touches its journal, for those who cannot see its pid. */
const TOUCH_MS = 15_000;

/** Never to be followed: the file is new. */
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;

interface OpenFile {
  readonly descriptor: number;
  readonly name: string;
  readonly writer: FrameWriter;
  size: number;
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
  let number = 0;
  let total = 0;
  let timer: NodeJS.Timeout | undefined;

  /** Another process that ends may remove the empty folder just now. */
  function create(name: string, tries = 5): number {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    try {
      return openSync(join(folder, name), NEW_FILE, 0o600);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT' || tries === 0) throw error;
      return create(name, tries - 1);
    }
  }

  function begin(): OpenFile {
    number += 1;
    const name = nameOf(owner, number);
    const descriptor = create(name);
    const header = Buffer.from(frame('J', JSON.stringify({ version: 1, owner, ...thisProcess() })));
    const begun: OpenFile = { descriptor, name, writer: createFrameWriter(), size: 0 };
    try {
      writeAll(descriptor, header);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    begun.size = header.length;
    return begun;
  }

  function end(): void {
    if (file === undefined) return;
    closeSync(file.descriptor);
    file = undefined;
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

  function follow(rows: readonly CallRecord[]): void {
    for (const row of rows) {
      if (row.status === 'in_process') open.add(row.mcp_function_call_uuid);
      else if (open.size > 0) open.delete(row.mcp_function_call_uuid);
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
      follow(rows);
    },
    get bytes() {
      return total;
    },
    get current() {
      return file?.name;
    },
    close() {
      clearInterval(timer);
      timer = undefined;
      end();
    },
  };
}
