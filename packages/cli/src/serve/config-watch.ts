/**
 * Follows a file. Its folder is watched rather than the file, because editors save by renaming and deployments by switching
 * links; what counts is whether the file that is found by the name is another than before.
 */
import type { FSWatcher, Stats } from 'node:fs';
import { realpathSync, statSync, unwatchFile, watch, watchFile } from 'node:fs';
import { dirname } from 'node:path';

/** What {@link watchConfig} gives. */
export interface FileWatch {
  close(): void;
}

/** Editors write more than once. */
const DEBOUNCE_MS = 60;
/** A folder in which something is written all the time is looked at nevertheless. */
const PATIENCE_MS = 500;
/** Where the system has no watchers left, the file is looked at that often. */
const POLL_MS = 1_000;

/** What tells one content of a file from another without reading it. Undefined: there is no file. */
export function stampOf(file: string): string | undefined {
  let stat: Stats | undefined;
  try {
    stat = statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
  return stat?.isFile() === true ? `${stat.dev} ${stat.ino} ${stat.mtimeMs} ${stat.ctimeMs} ${stat.size}` : undefined;
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/**
 * Calls the listener when the file was changed, replaced or made again. A file that is away is waited for.
 *
 * @param before the stamp of what the caller has read: an edit since then counts
 */
export function watchConfig(file: string, before: string | undefined, listener: () => void): FileWatch {
  let last = before;
  let timer: NodeJS.Timeout | undefined;
  let since = 0;
  let watchers: FSWatcher[] = [];
  let folders = '';
  let polls = false;

  function poll(): void {
    if (polls) return;
    polls = true;
    watchFile(file, { interval: POLL_MS, persistent: false }, schedule);
  }

  /** Watches the folder of the name, and the folder of the file where the name is a link. */
  function follow(): void {
    const wanted = [...new Set([dirname(file), dirname(realPath(file))])];
    if (wanted.join('\n') === folders) return;
    folders = wanted.join('\n');
    for (const watcher of watchers) watcher.close();
    watchers = [];
    for (const folder of wanted) {
      try {
        const watcher = watch(folder, { persistent: false }, schedule);
        watcher.on('error', poll);
        watchers.push(watcher);
      } catch {
        poll();
      }
    }
  }

  function look(): void {
    timer = undefined;
    follow();
    const now = stampOf(file);
    if (now === undefined || now === last) return;
    last = now;
    listener();
  }

  function schedule(): void {
    if (timer === undefined) since = performance.now();
    else if (performance.now() - since > PATIENCE_MS) return;
    clearTimeout(timer);
    timer = setTimeout(look, DEBOUNCE_MS).unref();
  }

  follow();
  schedule();
  return {
    close() {
      clearTimeout(timer);
      for (const watcher of watchers) watcher.close();
      if (polls) unwatchFile(file, schedule);
    },
  };
}
