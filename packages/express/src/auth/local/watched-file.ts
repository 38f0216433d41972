/** Follows a file that other programs change: its content is loaded again when the file has changed. */
import type { Logger } from '@mcp-daemon/core';
import { ConfigError, createUnfinished } from '@mcp-daemon/core';

import { textOf, versionOf } from './user-storage.js';

/** The file is checked for changes at most this often. */
const CHECK_EVERY_MS = 1_000;

/** What {@link watchFile} takes. */
export interface WatchedFileOptions {
  file: string;
  /** What the file is, for the log: "the users file". */
  what: string;
  /** Takes over the text of the file; undefined: there is no file. It throws where the text has mistakes, and changes nothing then. */
  load: (text: string | undefined) => void;
  /** Called after the text of a changed file has been taken over. */
  changed: () => void;
  logger: Pick<Logger, 'error'> | undefined;
  /** Reads the file. Default: from the disk. */
  disk?: FileReader;
}

/** How a file is read. */
export interface FileReader {
  /** A text that changes whenever the file does; undefined: there is no file. */
  readonly versionOf: (file: string) => Promise<string | undefined>;
  /** The content; undefined: there is no file. */
  readonly textOf: (file: string) => Promise<string | undefined>;
}

/** A file that is followed. */
export interface WatchedFile {
  /** Loads a changed file. Call it before the content is used. @returns undefined where there is nothing to wait for */
  refresh(): Promise<void> | undefined;
  /** Checks the file now, even if the last check was a moment ago. */
  reload(): Promise<void>;
}

const DISK: FileReader = { versionOf, textOf };

/**
 * Loads a file and follows its changes. When a later version has mistakes, the last good version stays in use until the file changes
 * again. When a version cannot be read, for example because the process has no file descriptors left, every call of `refresh` tries
 * again: a version counts as seen only after it has been read. So it is with a version that is not JSON, until it is clear that the file
 * is not just being saved.
 *
 * @throws what `load` throws, and ConfigError if the file cannot be read
 */
export async function watchFile({ file, what, load, changed, logger, disk = DISK }: WatchedFileOptions): Promise<WatchedFile> {
  /** The version whose text was read last; null: none has been read. */
  let seen: string | undefined | null = null;
  /** In milliseconds of `performance.now()`. */
  let checkedAt = -Infinity;
  let checking: Promise<void> | undefined;
  let lastError: string | undefined;
  const unfinished = createUnfinished();

  /** @returns whether a new text was taken over */
  async function loadIfChanged(): Promise<boolean> {
    const found = await disk.versionOf(file);
    if (found !== seen) {
      const text = await disk.textOf(file);
      // The version from before reading: a write in the meantime makes another one, which is then read as well.
      seen = found;
      checkedAt = performance.now();
      load(text);
      return true;
    }
    checkedAt = performance.now();
    return false;
  }

  /** Whether the file may be half of what it is to become; it is read again then. */
  function isUnfinished(error: unknown): boolean {
    if (!(error instanceof ConfigError && error.isSyntax && unfinished.waitMs(seen ?? undefined) > 0)) return false;
    seen = null;
    checkedAt = -Infinity;
    return true;
  }

  async function check(): Promise<void> {
    checkedAt = -Infinity; // until the file has been read
    try {
      if (!(await loadIfChanged())) return;
      lastError = undefined;
      changed();
    } catch (error) {
      if (isUnfinished(error)) return;
      const { message } = error as Error;
      if (message !== lastError) logger?.error({ error: message }, `${what} cannot be used; its last good version stays in use`);
      lastError = message;
    } finally {
      checking = undefined;
    }
  }

  await loadIfChanged();
  return {
    refresh() {
      if (checking !== undefined) return checking;
      return performance.now() - checkedAt < CHECK_EVERY_MS ? undefined : (checking = check());
    },
    async reload() {
      await checking; // a check that runs already may have begun before the change
      await (checking = check());
    },
  };
}

/** Waits for two things. @returns undefined where there is nothing to wait for */
export function bothOf(first: Promise<void> | undefined, second: Promise<void> | undefined): Promise<void> | undefined {
  if (first === undefined) return second;
  return second === undefined ? first : Promise.all([first, second]).then(() => undefined);
}

/** Calls `refresh` of two files. @returns undefined where there is nothing to wait for */
export const refreshBoth = (a: Pick<WatchedFile, 'refresh'>, b: Pick<WatchedFile, 'refresh'>): Promise<void> | undefined =>
  bothOf(a.refresh(), b.refresh());
