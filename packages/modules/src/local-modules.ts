/**
 * The functions that live in files and installed packages of the operator's: found from the config file's folder, loaded at the
 * first call, and loaded again when they are edited.
 */
import { basename, dirname, join, resolve } from 'node:path';

import type { LoadedModule, Logger, ModuleSource } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { mergeExports } from './exports.js';
import { isInstalled, realPath, statOf } from './files.js';
import type { FolderWatch } from './folders.js';
import { watchFolders } from './folders.js';
import { filesOf } from './graph.js';
import { loadFile, onRenewed, refresh } from './load.js';
import type { ModuleNames } from './locate.js';
import { isPath, locate, noSuchExport } from './locate.js';

/** What {@link localModules} is told. */
export interface LocalModulesOptions {
  /** The config file's folder. */
  base: string;
  /** Told what does not work as it should. Default: nobody. */
  logger?: Pick<Logger, 'warn'>;
}

/** Code that was edited. */
export interface ModuleChange {
  /** The files that were edited, created or removed, and those that import them. */
  readonly files: readonly string[];
  /** Whether the link's module is among what has changed: what was loaded of it is old. */
  affects(link: ModuleNames): boolean;
}

/** The functions in files and installed packages. */
export interface LocalModules extends ModuleSource {
  /**
   * Calls the listener when code that this source has loaded is edited; the next `load()` gives the new code, and what was
   * loaded before keeps running. Follows the local files of a module, however deep; installed packages are not followed.
   *
   * @param listener called once per batch of edits; what it throws is logged
   */
  watch(listener: (change: ModuleChange) => void): { close(): void };
  /** Ends all watching; loading still works. */
  close(): void;
}

/** Editors and compilers write more than once. */
const DEBOUNCE = 50;
/** A file that is away for this long was not just being saved. */
const GRACE = 300;
const MAX_WATCHERS = 128;
const POLL_INTERVAL = 1000;

const keyOf = ({ source, package_name: packageName, module_name: moduleName }: ModuleNames): string =>
  JSON.stringify([source ?? '', packageName, moduleName]);

/**
 * A source for links without `source`, or with a path there. Nothing is read before the first load, and `digest` is null: a
 * file's own digest would say nothing of what it imports.
 *
 * @param options see there
 */
export function localModules({ base: folder, logger }: LocalModulesOptions): LocalModules {
  const base = realPath(resolve(folder));
  /** The file that each link was last found in. */
  const found = new Map<string, string>();
  /** The name of that file, for links whose name is a symbolic link or leads over one: deployments switch these. */
  const linked = new Map<string, string>();
  const linkFolders = new Set<string>();
  const listeners = new Set<(change: ModuleChange) => void>();
  const followed = new Set<string>();
  /** Files that are missing, and since when. */
  const gone = new Map<string, number>();
  let folders: FolderWatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  let unsubscribe: (() => void) | undefined;

  const warn = (message: string): void => logger?.warn({ base }, message);

  /** Tells the listeners which modules are old. */
  function announce(files: ReadonlySet<string>): void {
    const stale = new Set([...found].filter(([, file]) => files.has(file)).map(([key]) => key));
    if (stale.size === 0) return;
    const change: ModuleChange = { files: [...files], affects: (link) => stale.has(keyOf(link)) };
    for (const listener of [...listeners]) {
      try {
        listener(change);
      } catch (error) {
        warn(`a listener to edited modules failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  /** Watches the folders of all files that the loaded modules are made of. */
  function follow(): void {
    followed.clear();
    for (const top of new Set(found.values())) if (!isInstalled(top)) for (const file of filesOf(top)) followed.add(file);
    linkFolders.clear();
    for (const name of linked.values()) if (!isInstalled(name)) linkFolders.add(dirname(name));
    folders?.set(new Set([...[...followed].map((file) => dirname(file)), ...linkFolders]));
  }

  /** Modules whose name leads to another file than before are old, whatever was written. */
  function followLinks(): void {
    const switched = new Set<string>();
    for (const [key, name] of linked) {
      const file = realPath(name);
      if (file === found.get(key) || statOf(file) === undefined) continue;
      found.set(key, file);
      switched.add(file);
    }
    if (switched.size > 0) announce(switched);
  }

  /** Looks at all files after the last event has settled, and follows what they import by then. */
  function look(): void {
    timer = undefined;
    followLinks();
    // Before the files are compared, so that no edit falls between the two; and after, because edits bring new imports.
    follow();
    const now = Date.now();
    const isGone = (file: string): boolean => now - (gone.get(file) ?? now) >= GRACE;
    const waiting = refresh(new Set(found.values()), isGone, warn);
    for (const file of [...gone.keys()]) if (!waiting.includes(file)) gone.delete(file);
    for (const file of waiting) if (!gone.has(file)) gone.set(file, now);
    follow();
    if (waiting.length > 0) schedule(GRACE);
  }

  function schedule(delay = DEBOUNCE): void {
    if (folders === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(look, delay).unref();
  }

  /** A database or a log in the same folder is no reason to look. The folder itself may be named, when it goes. */
  function onEvent(at: string, name: string | null): void {
    if (name === null || name === basename(at) || linkFolders.has(at) || followed.has(join(at, name))) schedule();
  }

  function stop(): void {
    folders?.close();
    clearTimeout(timer);
    unsubscribe?.();
    gone.clear();
    folders = undefined;
    timer = undefined;
    unsubscribe = undefined;
  }

  return {
    accepts: (link) => isPath(link.source),

    async load(link): Promise<LoadedModule> {
      if (link.sha256 !== undefined) {
        const why = 'its sha256 can be checked for a bundle only (source "zip" or "s3"), not for files that may change';
        throw new DaemonError('module_failed', `module "${link.module_name}" could not be loaded: ${why}`);
      }
      const place = locate(base, link);
      const file = realPath(place.file);
      const explain = async (cause: unknown) => {
        const { failureOf } = await import('./failure.js');
        return failureOf(base, link, file, () => filesOf(file), cause);
      };
      const key = keyOf(link);
      found.set(key, file);
      if (place.file === file) linked.delete(key);
      else linked.set(key, place.file);
      const loading = loadFile(file, explain, warn);
      if (timer === undefined) schedule();
      const exports = mergeExports(await loading);
      if (place.member === undefined) return { exports, digest: null };
      if (!(place.member in exports)) throw noSuchExport(link, Object.keys(exports));
      const member = exports[place.member];
      const isNamespace = typeof member === 'object' && member !== null;
      return { exports: isNamespace ? mergeExports(member as Record<string, unknown>) : exports, digest: null };
    },

    watch(listener) {
      // A listener may be given twice.
      const entry = (change: ModuleChange): void => listener(change);
      listeners.add(entry);
      if (folders === undefined) {
        folders = watchFolders({ onEvent, limit: MAX_WATCHERS, interval: POLL_INTERVAL });
        unsubscribe = onRenewed(announce);
        schedule();
      }
      return {
        close() {
          listeners.delete(entry);
          if (listeners.size === 0) stop();
        },
      };
    },

    close() {
      listeners.clear();
      stop();
    },
  };
}
