/**
 * Loads functions from the operator's files and installed packages. They are found from the config file's folder, loaded at their
 * first call, and loaded again after an edit.
 */
import { basename, dirname, join, relative, resolve } from 'node:path';

import type { CodeLocation, CodeLocator, LinkBinding, LoadedModule, Logger, ModuleSource } from '@mcp-daemon/core';
import { DaemonError, mergeExports } from '@mcp-daemon/core';

import { digestOf } from './digest.js';
import { isCode, isInstalled, realPath, statOf } from './files.js';
import type { FolderWatch } from './folders.js';
import { watchFolders } from './folders.js';
import { filesOf, missingOf, someUnread } from './graph.js';
import { loadFile, onRenewed, refresh } from './load.js';
import type { ModuleNames, Place } from './locate.js';
import { isPath, locate, noSuchExport } from './locate.js';
import { isTypeScript } from './strip-types.js';
import { allowTypeScript } from './typescript.js';

/** What {@link localModules} takes. */
export interface LocalModulesOptions {
  /** The config file's folder. */
  base: string;
  /** Gets warnings. Default: none. */
  logger?: Pick<Logger, 'warn'>;
}

/** Code that was edited. */
export interface ModuleChange {
  /** The files that were edited, created or removed, and those that import them. */
  readonly files: readonly string[];
  /** Whether the link's module has changed, so that its loaded code is old. */
  affects(link: ModuleNames): boolean;
}

/** A source of functions in files and installed packages. */
export interface LocalModules extends ModuleSource {
  /** Finds the same code for processes of its own. The digest is that of all local files of the module. Changes are reported by `watch`. */
  readonly code: CodeLocator;
  /**
   * Calls the listener when code that this source has loaded is edited. The next `load()` returns the new code; loaded code keeps
   * running. Follows all local files that a module imports, directly or indirectly, but no installed packages.
   *
   * @param listener called once per batch of edits; its errors are logged
   */
  watch(listener: (change: ModuleChange) => void): { close(): void };
  /**
   * Looks for a link's module without loading it.
   *
   * @returns why it cannot be found; undefined if it exists
   */
  missing(link: ModuleNames): string | undefined;
  /** Ends all watching. Loading still works. */
  close(): void;
}

/** Milliseconds to wait after a change: editors and compilers write more than once. */
const DEBOUNCE = 50;
/** Milliseconds after which a missing file counts as removed: while it is saved, it may be missing for a moment. */
const GRACE = 300;
/** Milliseconds after its last write in which a file with a syntax error counts as being saved. */
const SAVING = 1000;
const MAX_WATCHERS = 128;
const POLL_INTERVAL = 1000;
/** Milliseconds between two looks at the paths anew: no event tells that a folder above a file was replaced. */
const LOOK_INTERVAL = 2000;

/** What Node adds to the exports of every CommonJS module. */
const NAMESPACE: ReadonlySet<string> = new Set(['default', 'module.exports']);

const keyOf = ({ source, package_name: packageName, module_name: moduleName }: ModuleNames): string =>
  JSON.stringify([source ?? '', packageName, moduleName]);

/** Whether a module exports nothing, as an empty file. */
const isEmpty = (namespace: Record<string, unknown>): boolean =>
  Object.keys(mergeExports(namespace)).every((name) => NAMESPACE.has(name) && typeof namespace[name] !== 'function');

/**
 * Creates a source for links without `source`, or with a path as `source`. Nothing is read before the first load. `digest` is
 * null, because a file's digest would not cover what it imports.
 */
export function localModules({ base: folder, logger }: LocalModulesOptions): LocalModules {
  const path = resolve(folder);
  let base = realPath(path);
  /** The file in which each link was last found. */
  const found = new Map<string, string>();
  /** The path of that file, if it contains a symbolic link: deployments switch these. */
  const linked = new Map<string, string>();
  const linkFolders = new Set<string>();
  /** Links whose module was not found, and the folders in which it may appear. */
  const lost = new Map<string, { link: LinkBinding; folders: readonly string[] }>();
  const listeners = new Set<(change: ModuleChange) => void>();
  const followed = new Set<string>();
  /** The last code of each module that could be loaded. */
  const good = new Map<string, Record<string, unknown>>();
  /** Missing files, and since when. */
  const gone = new Map<string, number>();
  let folders: FolderWatch | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  let unsubscribe: (() => void) | undefined;

  const warn = (message: string): void => logger?.warn({ base }, message);

  /** Calls the listeners if modules are old. */
  function announce(files: ReadonlySet<string>): void {
    const stale = new Set([...found].filter(([, file]) => files.has(file)).map(([key]) => key));
    if (stale.size === 0) return;
    const change: ModuleChange = { files: [...files], affects: (link) => stale.has(keyOf(link)) };
    for (const listener of [...listeners]) {
      try {
        listener(change);
      } catch (error) {
        warn(`a listener for edited modules failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  function tryTypeScript(): void {
    try {
      allowTypeScript();
    } catch (error) {
      warn(`TypeScript cannot be loaded: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Watches the folders of all files of the loaded modules. */
  function follow(): void {
    followed.clear();
    for (const top of new Set(found.values())) if (!isInstalled(top)) for (const file of filesOf(top)) followed.add(file);
    // For JavaScript that imports TypeScript only when it is called: loading it has not shown that.
    if ([...followed].some(isTypeScript)) tryTypeScript();
    for (const file of missingOf([...followed])) if (statOf(dirname(file)) !== undefined) followed.add(file);
    linkFolders.clear();
    for (const name of linked.values()) if (!isInstalled(name)) linkFolders.add(dirname(name));
    const awaited = [...lost.values()].flatMap((one) => one.folders);
    folders?.set(new Set([...[...followed].map((file) => dirname(file)), ...linkFolders, ...awaited]));
  }

  /** Finds modules that were not there. */
  function findLost(): void {
    for (const [key, { link }] of lost) {
      let file: string;
      try {
        ({ file } = find(link));
      } catch {
        continue;
      }
      announce(new Set([file]));
      lost.delete(key);
    }
  }

  /** The folders in which a module may appear that was not found: where its path leads, and the package's. */
  function awaitedFolders({ module_name: name, package_name: packageName }: ModuleNames): string[] {
    const paths = [name, join(packageName, name)].map((path) => dirname(resolve(base, path)));
    return paths.filter((at) => statOf(at)?.isDirectory() === true);
  }

  /** Finds modules whose path leads to another file than before: they are old. */
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

  /** Compares all files once events have settled, and follows their new imports. */
  function look(): void {
    timer = undefined;
    followLinks();
    findLost();
    // Before the comparison, so that no edit is missed in between; and after it, because edits add imports.
    follow();
    const now = Date.now();
    const isGone = (file: string): boolean => now - (gone.get(file) ?? now) >= GRACE;
    const waiting = refresh(new Set(found.values()), isGone, warn);
    for (const file of [...gone.keys()]) if (!waiting.includes(file)) gone.delete(file);
    for (const file of waiting) if (!gone.has(file)) gone.set(file, now);
    follow();
    if (waiting.length > 0) schedule(GRACE);
  }

  /** Some deployments switch a symbolic link to the whole folder. Then all modules are in another folder. */
  function followBase(): void {
    const now = realPath(path);
    if (now === base || statOf(now) === undefined) return;
    base = now;
    announce(new Set(found.values()));
  }

  /** For what no event tells: a folder that was replaced, and a link in the path that was switched. */
  function lookAnew(): void {
    followBase();
    folders?.renew();
    if (someUnread(followed)) schedule();
    for (const [key, name] of linked) if (realPath(name) !== found.get(key)) schedule();
  }

  function schedule(delay = DEBOUNCE): void {
    if (folders === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(look, delay).unref();
  }

  /** Ignores other files in the folder, such as a database or a log. An event of the folder itself means that it was removed. */
  function onEvent(at: string, name: string | null): void {
    if (name === null || name === basename(at) || linkFolders.has(at) || followed.has(join(at, name))) schedule();
    else if (isCode(name) && [...lost.values()].some((one) => one.folders.includes(at))) schedule();
  }

  /** Whether a file of the module was written a moment ago, so that it may be half of what it is to become. */
  function isBeingSaved(file: string): boolean {
    const since = Date.now() - SAVING;
    return [...filesOf(file)].some((part) => (statOf(part)?.mtimeMs ?? 0) > since);
  }

  /** Loads a file; while it is being saved, and is empty or cannot be parsed, its last good code. */
  async function loadOrKeep(
    key: string,
    file: string,
    loading: Promise<Record<string, unknown>>,
  ): Promise<Record<string, unknown>> {
    const before = good.get(key);
    // Without watching, nothing would load the new code later.
    const mayKeep = (): boolean => folders !== undefined && isBeingSaved(file);
    function keep(last: Record<string, unknown>, why: string): Record<string, unknown> {
      warn(`${why}; it was just saved, so calls still run the last good code`);
      // If it is still so then, calls get the error.
      setTimeout(() => announce(filesOf(file)), SAVING).unref();
      return last;
    }
    try {
      const namespace = await loading;
      if (before !== undefined && isEmpty(namespace) && mayKeep()) return keep(before, `${relative(base, file)} exports nothing`);
      good.set(key, namespace);
      return namespace;
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      const isSyntax = cause instanceof Error && cause.name === 'SyntaxError';
      if (before === undefined || !isSyntax || !mayKeep()) throw error;
      return keep(before, (error as Error).message);
    }
  }

  /** Finds a link's file, and follows it from now on. @throws DaemonError `module_not_found`, `module_failed` */
  function find(link: LinkBinding): { place: Place; file: string } {
    if (link.sha256 !== undefined) {
      const why = 'sha256 is only supported for bundles (source "zip" or "s3"), not for files that may change';
      throw new DaemonError('module_failed', `module "${link.module_name}" could not be loaded: ${why}`);
    }
    followBase();
    const key = keyOf(link);
    let place: Place;
    try {
      place = locate(base, link);
    } catch (error) {
      lost.set(key, { link, folders: awaitedFolders(link) });
      if (timer === undefined) schedule();
      throw error;
    }
    const file = realPath(place.file);
    lost.delete(key);
    found.set(key, file);
    if (place.file === file) linked.delete(key);
    else linked.set(key, place.file);
    return { place, file };
  }

  async function locateCode(link: LinkBinding): Promise<CodeLocation> {
    const { place, file } = find(link);
    // What is known of its imports may be older than its files.
    refresh([file], () => false, warn);
    const digest = digestOf(base, filesOf(file));
    if (timer === undefined) schedule();
    return { runtime: 'node', root: base, file, digest, ...(place.member === undefined ? {} : { member: place.member }) };
  }

  function stop(): void {
    folders?.close();
    clearInterval(looking);
    clearTimeout(timer);
    unsubscribe?.();
    gone.clear();
    folders = undefined;
    timer = undefined;
    unsubscribe = undefined;
  }

  return {
    accepts: (link) => isPath(link.source),
    code: { accepts: (link) => isPath(link.source) && link.runtime !== 'python', locate: locateCode, reportsChanges: true },

    async load(link): Promise<LoadedModule> {
      const { place, file } = find(link);
      const explain = async (cause: unknown) => {
        const { failureOf } = await import('./failure.js');
        return failureOf(base, link, file, () => filesOf(file), cause);
      };
      const loading = loadFile(file, explain, warn);
      if (timer === undefined) schedule();
      const exports = mergeExports(await loadOrKeep(keyOf(link), file, loading));
      if (place.member === undefined) return { exports, digest: null };
      if (!(place.member in exports)) throw noSuchExport(link, Object.keys(exports));
      const member = exports[place.member];
      const isNamespace = typeof member === 'object' && member !== null;
      return { exports: isNamespace ? mergeExports(member as Record<string, unknown>) : exports, digest: null };
    },

    watch(listener) {
      // The same listener may be added twice.
      const entry = (change: ModuleChange): void => listener(change);
      listeners.add(entry);
      if (folders === undefined) {
        folders = watchFolders({ onEvent, limit: MAX_WATCHERS, interval: POLL_INTERVAL });
        looking = setInterval(lookAnew, LOOK_INTERVAL).unref();
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

    missing(link) {
      try {
        locate(base, link);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },

    close() {
      listeners.clear();
      stop();
    },
  };
}
