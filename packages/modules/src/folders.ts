/**
 * Says that something happened in one of some folders. Folders rather than files, because editors save by renaming; and never
 * more watchers than agreed: what cannot be watched is asked for once a second. Nothing here keeps a process alive.
 */
import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';

import { statOf } from './files.js';

/** Some folders that are being watched. */
export interface FolderWatch {
  /** Replaces the set of folders. */
  set(folders: ReadonlySet<string>): void;
  /** Ends it; a second call does nothing. */
  close(): void;
}

/** What {@link watchFolders} is told. */
export interface FolderWatchOptions {
  /** Something happened: in the folder of that name; `name` is the entry, where it is known. */
  onEvent(folder: string, name: string | null): void;
  /** How many watchers there may be. */
  limit: number;
  /** Milliseconds between two looks at what cannot be watched. */
  interval: number;
  /** `fs.watch`. */
  open?: (folder: string, listener: (event: string, name: string | null) => void) => FSWatcher;
}

const openWatcher: NonNullable<FolderWatchOptions['open']> = (folder, listener) => watch(folder, { persistent: false }, listener);

/**
 * Watches folders, at first none.
 *
 * @param options see there
 */
export function watchFolders({ onEvent, limit, interval, open = openWatcher }: FolderWatchOptions): FolderWatch {
  const watchers = new Map<string, { watcher: FSWatcher; id: number | undefined }>();
  const polled = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function drop(folder: string): void {
    watchers.get(folder)?.watcher.close();
    watchers.delete(folder);
  }

  function poll(folder: string): void {
    drop(folder);
    polled.add(folder);
    timer ??= setInterval(look, interval).unref();
  }

  function follow(folder: string): void {
    const id = statOf(folder)?.ino;
    if (id === undefined || watchers.size >= limit) return poll(folder);
    try {
      const watcher = open(folder, (_event, name) => {
        // The folder was replaced by another of its name: this watcher belongs to the old one.
        if (statOf(folder)?.ino !== id) poll(folder);
        onEvent(folder, name);
      });
      // Too many watchers, or the folder is gone.
      watcher.on('error', () => poll(folder));
      watchers.set(folder, { watcher, id });
      polled.delete(folder);
    } catch {
      poll(folder);
    }
  }

  function look(): void {
    for (const folder of [...polled]) {
      follow(folder);
      onEvent(folder, null);
    }
    if (polled.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    set(folders) {
      for (const folder of [...watchers.keys()]) if (!folders.has(folder)) drop(folder);
      for (const folder of [...polled]) if (!folders.has(folder)) polled.delete(folder);
      for (const folder of folders) if (!watchers.has(folder) && !polled.has(folder)) follow(folder);
    },
    close() {
      for (const folder of [...watchers.keys()]) drop(folder);
      polled.clear();
      clearInterval(timer);
      timer = undefined;
    },
  };
}
