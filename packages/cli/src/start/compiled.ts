/**
 * Loads a CommonJS file with V8's code cache from an earlier start, because compiling takes a large part of the time before the
 * first answer of a sidecar. Node 22.1 and newer have such a cache built in.
 * Node 20: the cache is made here. Its folder must be writable for the current user alone, because its content is executed.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import vm from 'node:vm';

import { TEMPORARY_SUFFIX, writeFileAtomically } from '../files/atomic-write.js';
import { makeFolder } from '../files/make-folder.js';
import type { Env } from '../settings/settings.js';

/** The digest of main.cjs, filled in by the build. V8 itself compares only the length of the source. */
declare const MCP_DAEMON_MAIN_DIGEST: string;

/** A loaded file. */
export interface Compiled {
  readonly exports: unknown;
  /**
   * Saves the code that was compiled so far, for the next start. Call it when everything that a start needs has run. Never
   * throws.
   */
  saveCache(): void;
}

/** The compile cache that newer versions of Node have. */
interface NodeCache {
  enableCompileCache?: (folder?: string) => unknown;
  flushCompileCache?: () => void;
}

const SUFFIX = '.v8';
const DIGEST_BYTES = 20;
const UNUSED_AFTER_MS = 30 * 24 * 60 * 60_000;

/** The cache folder by the convention of the platform; undefined where the user has no home folder. */
export function cacheFolder(env: Env, platform: NodeJS.Platform = process.platform): string | undefined {
  const home = env['HOME'] || env['USERPROFILE'];
  const below = (base: string | undefined, ...names: string[]): string | undefined =>
    base !== undefined && isAbsolute(base) ? join(base, ...names) : undefined;
  if (platform === 'win32') return below(env['LOCALAPPDATA'], 'mcp-daemon', 'cache');
  if (platform === 'darwin') return below(home, 'Library', 'Caches', 'mcp-daemon');
  return below(env['XDG_CACHE_HOME'], 'mcp-daemon') ?? below(home, '.cache', 'mcp-daemon');
}

/** Whether only the current user can write to the folder. */
function isOwn(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

/** Creates the folder where it does not exist. @returns whether only the current user can write to it */
function makeOwn(folder: string): boolean {
  try {
    makeFolder(folder, 0o700);
    return isOwn(folder);
  } catch {
    return false;
  }
}

const digestOf = (data: Uint8Array): Buffer => createHash('sha1').update(data).digest();

/** The content of the cache file; undefined where it is missing, damaged, or writable for other users. */
function readCache(file: string): Buffer | undefined {
  try {
    if (!isOwn(dirname(file))) return undefined;
    const bytes = readFileSync(file);
    const data = bytes.subarray(DIGEST_BYTES);
    return digestOf(data).equals(bytes.subarray(0, DIGEST_BYTES)) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the cache file, and removes cache files that have not been used for a month. */
function writeCache(file: string, data: Buffer): void {
  const folder = dirname(file);
  if (!makeOwn(folder)) return;
  writeFileAtomically(file, Buffer.concat([digestOf(data), data]));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const isOurs = name.endsWith(SUFFIX) || name.endsWith(TEMPORARY_SUFFIX);
    if (isOurs && Date.now() - statSync(path).mtimeMs > UNUSED_AFTER_MS) rmSync(path, { force: true });
  }
}

/** Loads a file with Node's own loader, and its compile cache if it has one. */
function loadPlainly(file: string, flush: (() => void) | undefined): Compiled {
  const exports: unknown = nodeModule.createRequire(import.meta.url)(file);
  return { exports, saveCache: () => flush?.() };
}

/** Loads a CommonJS file, with the code cache of an earlier start if there is one. */
export function loadCompiled(file: string, env: Env): Compiled {
  const folder = cacheFolder(env);
  const { enableCompileCache, flushCompileCache } = nodeModule as NodeCache;
  if (enableCompileCache !== undefined) {
    if (folder !== undefined && makeOwn(folder)) enableCompileCache(join(folder, 'node'));
    return loadPlainly(file, flushCompileCache);
  }
  if (folder === undefined) return loadPlainly(file, undefined);

  const cache = join(folder, `${MCP_DAEMON_MAIN_DIGEST}-${process.version}-${process.arch}${SUFFIX}`);
  const cachedData = readCache(cache);
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(file, 'utf8')}\n})`;
  const script = new vm.Script(source, { filename: file, ...(cachedData === undefined ? {} : { cachedData }) });
  // A script from a cache cannot call import(), so main.cjs calls this function of its module instead.
  const module = { exports: {} as unknown, importModule: (specifier: string): Promise<unknown> => import(specifier) };
  const run = script.runInThisContext() as (...args: unknown[]) => void;
  run.call(module.exports, module.exports, nodeModule.createRequire(import.meta.url), module, file, dirname(file));
  let saved = cachedData !== undefined && script.cachedDataRejected !== true;
  return {
    exports: module.exports,
    saveCache() {
      if (saved) return;
      saved = true;
      try {
        writeCache(cache, script.createCachedData());
      } catch {
        // The next start compiles again.
      }
    },
  };
}
