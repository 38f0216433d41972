/** Files below a folder that are served as resources: read anew each time, and watched once they were read or subscribed to. */
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { FileSource, Unfinished } from '@mcp-daemon/core';
import { createUnfinished, DaemonError } from '@mcp-daemon/core';

import { codeOf, realPathBelow } from './below.js';
import { statOf } from './files.js';
import type { FolderWatch } from './folders.js';
import { watchFolders } from './folders.js';

/** What {@link resourceFiles} takes. */
export interface ResourceFilesOptions {
  /** The folder that paths start in. */
  base: string;
  /** Larger files are refused. Default 10 MB, which is the default size of a result. */
  maxBytes?: number;
}

/** Folders that are watched; others are polled. */
const MAX_WATCHERS = 100;
const POLL_MS = 1_000;

/** What is wrong with a file, for clients: without the path of the folder. */
const refused = (path: string, why: string): DaemonError =>
  new DaemonError('internal_error', `The file "${path}" of this resource cannot be read: ${why}.`);

/** Reads files below a folder. Links to what is outside of it are refused. */
export function resourceFiles({ base, maxBytes = 10_000_000 }: ResourceFilesOptions): FileSource {
  /** The state of each file that was read or followed, by its path. */
  const read = new Map<string, string | undefined>();
  /** Files that are empty or gone, and may be so only while they are saved. */
  const saving = new Map<string, Unfinished & { timer?: NodeJS.Timeout }>();
  const listeners = new Set<(path: string) => void>();
  let watched: FolderWatch | undefined;

  const stateOf = (path: string): string | undefined => {
    const stat = statOf(join(base, path));
    return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}`;
  };

  /** Whether the file may be half of what it is to become; it is looked at again then. */
  function isUnfinished(path: string, state: string | undefined): boolean {
    const before = saving.get(path);
    clearTimeout(before?.timer);
    saving.delete(path);
    if ((statOf(join(base, path))?.size ?? 0) > 0) return false;
    const { waitMs } = before ?? createUnfinished();
    const ms = waitMs(state);
    if (ms === 0) return false;
    saving.set(path, { waitMs, timer: setTimeout(() => look(dirname(join(base, path))), ms).unref() });
    return true;
  }

  /** Looks at the files of a folder after a change in it. */
  function look(folder: string): void {
    for (const [path, before] of read) {
      if (dirname(join(base, path)) !== folder) continue;
      const now = stateOf(path);
      if (now === before || isUnfinished(path, now)) continue;
      read.set(path, now);
      for (const listener of listeners) listener(path);
    }
  }

  function follow(path: string): void {
    if (listeners.size === 0 || read.has(path)) return;
    read.set(path, stateOf(path));
    watched ??= watchFolders({ onEvent: look, limit: MAX_WATCHERS, interval: POLL_MS });
    watched.set(new Set([...read.keys()].map((one) => dirname(join(base, one)))));
  }

  /** The file's real path. @throws DaemonError if it leads out of the folder */
  async function inside(path: string): Promise<string> {
    const file = await realPathBelow(base, path);
    if (file === undefined) throw refused(path, 'it is outside of its folder');
    return file;
  }

  return {
    async read(path) {
      follow(path);
      try {
        const handle = await open(await inside(path), 'r');
        try {
          const stat = await handle.stat();
          if (!stat.isFile()) throw refused(path, 'it is not a file');
          if (stat.size > maxBytes) throw refused(path, `it has ${stat.size} bytes, and the maximum is ${maxBytes}`);
          return await handle.readFile();
        } finally {
          await handle.close();
        }
      } catch (error) {
        if (error instanceof DaemonError) throw error;
        const code = codeOf(error);
        if (code === 'ENOENT' || code === 'ENOTDIR') throw refused(path, 'it does not exist');
        throw refused(path, code === 'EACCES' || code === 'EPERM' ? 'it may not be read' : String(code ?? 'it failed'));
      }
    },
    watch(listener) {
      listeners.add(listener);
      return { close: () => void listeners.delete(listener) };
    },
    follow,
    close() {
      watched?.close();
      for (const { timer } of saving.values()) clearTimeout(timer);
      listeners.clear();
    },
  };
}
