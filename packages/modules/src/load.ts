/**
 * Loads files, each with its newest code. What is loaded is recorded for the whole process, as Node caches modules.
 */
import type { Failure } from './failure.js';
import { isInstalled } from './files.js';
import {
  CLOCK_TICK,
  differences,
  filesOf,
  markMissing,
  textsChanged,
  textsWrittenAfter,
  withImporters,
  writtenAfter,
} from './graph.js';
import { absorbStray } from './stray.js';
import { isTypeScript } from './strip-types.js';
import { allowTypeScript, isTypeScriptAllowed } from './typescript.js';
import { supersede, urlOf } from './versions.js';

/** The last load of one module's file. */
interface Load {
  /** A tick before it was loaded, in milliseconds since 1970. Files that were written later may be newer than the loaded code. */
  since: number;
  /** The texts of its files that were written within that tick: their times may not show another write. */
  fresh: ReadonlyMap<string, string | undefined>;
  state: 'pending' | 'done' | Failure;
  /** Whether its files were compared since. */
  checked: boolean;
}

const loads = new Map<string, Load>();
const listeners = new Set<(files: ReadonlySet<string>) => void>();

/** Gives files and their importers a new version, and calls the listeners. */
function renew(files: Iterable<string>, warn: (message: string) => void): void {
  const stale = withImporters(files);
  for (const file of stale) {
    const state = loads.get(file)?.state;
    if (typeof state === 'object') state.lasting = false;
  }
  try {
    supersede(stale);
  } catch (error) {
    warn(`files that a module imports are not reloaded: ${error instanceof Error ? error.message : String(error)}`);
  }
  for (const listener of listeners) listener(stale);
}

/** The files that may have made a module fail: its own, without those that work in other modules. */
function suspects(file: string): Set<string> {
  const found = filesOf(file);
  for (const [other, { state }] of loads) {
    if (other === file || state !== 'done') continue;
    for (const part of filesOf(other)) found.delete(part);
  }
  return found.add(file);
}

/** The files of a module that were written between its load and the first comparison. After that their stamps show changes. */
function writtenSinceLoad(file: string): string[] {
  const load = loads.get(file);
  if (load === undefined || load.checked) return [];
  load.checked = true;
  const written = writtenAfter(filesOf(file), load.since).filter((part) => !load.fresh.has(part));
  return [...written, ...textsChanged(load.fresh)];
}

const NOT_LOADED: ReadonlySet<unknown> = new Set(['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_MODULE_NOT_FOUND']);

/** Whether loading may have failed only because the module has TypeScript among its files. */
const mayNeedTypeScript = (file: string, cause: unknown): boolean =>
  NOT_LOADED.has((cause as { code?: unknown } | undefined)?.code) && [...filesOf(file)].some(isTypeScript);

/** Imports a file; if it turns out to import TypeScript, which was not allowed yet, again. */
async function importFile(file: string): Promise<Record<string, unknown>> {
  if (isTypeScript(file)) allowTypeScript();
  const wasAllowed = isTypeScriptAllowed();
  try {
    return (await import(urlOf(file))) as Record<string, unknown>;
  } catch (cause) {
    absorbStray(cause);
    if (wasAllowed || !mayNeedTypeScript(file, cause)) throw cause;
    allowTypeScript();
    // Node remembers which URLs failed.
    supersede(withImporters(suspects(file)));
    return (await import(urlOf(file))) as Record<string, unknown>;
  }
}

/**
 * Imports a file: the module that the process has already, or newer code if a file of the module has changed or the last load
 * failed.
 *
 * @param file the module's file, without symbolic links
 * @param explain turns what was thrown into an error
 * @param warn gets warnings
 * @returns the module's namespace
 * @throws the error that `explain` returns
 */
export async function loadFile(
  file: string,
  explain: (cause: unknown) => Promise<Failure>,
  warn: (message: string) => void,
): Promise<Record<string, unknown>> {
  const before = loads.get(file);
  if (before !== undefined && before.state !== 'pending' && !(before.state === 'done' && isInstalled(file))) {
    const stale = new Set(writtenSinceLoad(file));
    const { changed, missing } = differences(filesOf(file));
    for (const part of changed) stale.add(part);
    for (const part of missing) {
      markMissing(part);
      stale.add(part);
    }
    if (before.state !== 'done') {
      if (before.state.lasting && stale.size === 0) throw before.state.error;
      for (const part of suspects(file)) stale.add(part);
    }
    if (stale.size > 0) renew(stale, warn);
  }
  const since = Date.now() - CLOCK_TICK;
  // Its imports are only looked for where the module itself is fresh: that reads its files, which most loads need not wait for.
  const fresh = textsWrittenAfter(writtenAfter([file], since).length > 0 ? filesOf(file) : [], since);
  const load: Load = { since, fresh, state: 'pending', checked: false };
  loads.set(file, load);
  try {
    const namespace = await importFile(file);
    load.state = 'done';
    return namespace;
  } catch (cause) {
    absorbStray(cause);
    const failure = await explain(cause);
    load.state = failure;
    throw failure.error;
  }
}

/**
 * Looks for changes in loaded modules, and gives the changed files new versions.
 *
 * @param tops the modules' files
 * @param isGone whether a missing file counts as a change by now
 * @param warn gets warnings
 * @returns the missing files that do not count as changes yet
 */
export function refresh(tops: Iterable<string>, isGone: (file: string) => boolean, warn: (message: string) => void): string[] {
  const stale = new Set<string>();
  const waiting = new Set<string>();
  for (const top of tops) {
    if (isInstalled(top)) continue;
    for (const file of writtenSinceLoad(top)) stale.add(file);
    const { changed, missing } = differences(filesOf(top));
    for (const file of changed) stale.add(file);
    for (const file of missing) {
      if (isGone(file)) {
        markMissing(file);
        stale.add(file);
      } else {
        waiting.add(file);
      }
    }
  }
  if (stale.size > 0) renew(stale, warn);
  return [...waiting];
}

/**
 * Calls the listener with every set of files that gets new versions: those that have changed, and all that import them.
 *
 * @returns a function that stops the calls
 */
export function onRenewed(listener: (files: ReadonlySet<string>) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
