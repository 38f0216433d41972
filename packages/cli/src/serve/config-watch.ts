/**
 * Watches the config file. Editors save by renaming and deployments switch symbolic links, so the folders are watched, and the
 * file counts as changed when its name leads to another file, or to other content, than before.
 */
import type { Stats } from 'node:fs';
import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

import { createUnfinished } from '@mcp-daemon/core';
import { watchFolders } from '@mcp-daemon/modules';

/** What {@link watchConfig} returns. */
export interface FileWatch {
  /** Stops watching. */
  close(): void;
}

/** Editors write more than once per save. */
const DEBOUNCE_MS = 60;
/** In a folder with writes all the time, the file is checked at least this often. */
const MAX_WAIT_MS = 500;
/** How often to check the file if the system has no watchers left, or the folder is missing. */
const POLL_MS = 1_000;
/** How often to check the path: there is no event if a folder above the file is replaced. */
const LOOK_ANEW_MS = 2_000;

/** Identifies the version of a file without reading it; undefined where there is no file. */
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
 * Calls the listener when the file was changed, replaced or created again. While the file is missing, nothing is called.
 *
 * @param before the stamp of the version that the caller has read, so that an edit since then is not missed
 * @param listener reads the file; returns false where it could not be read, and is then called again soon. `isSaved` is false where the
 * file has just changed, so that it may be half of what it is to become
 * @param lookMs milliseconds between two looks at the path without an event
 */
export function watchConfig(
  file: string,
  before: string | undefined,
  listener: (isSaved: boolean) => boolean,
  lookMs = LOOK_ANEW_MS,
): FileWatch {
  let last = before;
  let timer: NodeJS.Timeout | undefined;
  /** For a file that may be unfinished. */
  let saving: NodeJS.Timeout | undefined;
  let since = 0;
  const unfinished = createUnfinished();
  const folders = watchFolders({ onEvent: schedule, limit: Infinity, interval: POLL_MS });
  const looking = setInterval(look, lookMs).unref();

  function check(): void {
    clearTimeout(timer);
    clearTimeout(saving);
    timer = undefined;
    // The folder of the name, and the folder of the file that a symbolic link points to now.
    folders.set(new Set([dirname(file), dirname(realPath(file))]));
    const now = stampOf(file);
    // Remembered only after the file was read: a version that nobody has read must be read later.
    if (now === undefined || now === last) return;
    const waitMs = unfinished.waitMs(now);
    if (listener(waitMs === 0)) last = now;
    else if (waitMs > 0) saving = setTimeout(check, waitMs).unref();
  }

  /** One stat, to detect changes without an event: a replaced folder, and a file that could not be read before. */
  function look(): void {
    folders.renew();
    const now = stampOf(file);
    if (now !== undefined && now !== last) schedule();
  }

  function schedule(): void {
    if (timer === undefined) since = performance.now();
    else if (performance.now() - since > MAX_WAIT_MS) return;
    clearTimeout(timer);
    timer = setTimeout(check, DEBOUNCE_MS).unref();
  }

  folders.set(new Set([dirname(file), dirname(realPath(file))]));
  schedule();
  return {
    close() {
      clearInterval(looking);
      clearTimeout(timer);
      clearTimeout(saving);
      folders.close();
    },
  };
}
