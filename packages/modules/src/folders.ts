/**
 * Watches folders for changes. Folders and not files, because editors save by renaming. The number of watchers is limited: other
 * folders, and those that cannot be watched, are polled. Nothing here keeps a process alive.
 */
import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';

import { statOf } from './files.js';

/** A set of watched folders. */
export interface FolderWatch {
  /** Replaces the set of watched folders. */
  set(folders: ReadonlySet<string>): void;
  /** Looks at the paths anew: a folder that was replaced by another is watched again. Costs one stat for each folder. */
  renew(): void;
  /** Ends watching. A second call does nothing. */
  close(): void;
}

/** What {@link watchFolders} takes. */
export interface FolderWatchOptions {
  /** Called for each change in a folder. `name` is the entry, if it is known. */
  onEvent(folder: string, name: string | null): void;
  /** Maximum number of watched folders; others are polled. */
  limit: number;
  /** Milliseconds between two looks at polled folders. */
  interval: number;
  /** Opens a watcher. Default: `fs.watch`. */
  open?: (folder: string, listener: (event: string, name: string | null) => void) => FSWatcher;
}

const openWatcher: NonNullable<FolderWatchOptions['open']> = (folder, listener) => watch(folder, { persistent: false }, listener);

/** Identifies a folder: by its time of birth too, because file systems give the inode of a removed folder to the next one. */
function idOf(folder: string): string | undefined {
  const stat = statOf(folder);
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}:${stat.birthtimeMs}`;
}

/**
 * Watches folders, at first none.
 */
export function watchFolders({ onEvent, limit, interval, open = openWatcher }: FolderWatchOptions): FolderWatch {
  const watchers = new Map<string, { watcher: FSWatcher; id: string }>();
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
    const id = idOf(folder);
    if (id === undefined || watchers.size >= limit) return poll(folder);
    try {
      const watcher = open(folder, (_event, name) => {
        // The folder was replaced by another of the same name: this watcher belongs to the old one.
        if (idOf(folder) !== id) poll(folder);
        onEvent(folder, name);
      });
      // There are too many watchers, or the folder is gone.
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
    renew() {
      for (const [folder, { id }] of [...watchers]) {
        if (idOf(folder) === id) continue;
        drop(folder);
        follow(folder);
        onEvent(folder, null);
      }
    },
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
