/**
 * Loads a CommonJS file with the code that V8 made of it at an earlier start: compiling is a good part of what a sidecar does
 * before its first answer. Newer Nodes (22.1 on) have a cache for that; for Node 20 it is done here. The cache is in a folder
 * of the user's own, which nobody else may write to: what is in it is run.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import vm from 'node:vm';

import type { Env } from '../settings/settings.js';

/** Names the content of main.cjs; the build fills it in. V8 itself looks at the length of the source only. */
declare const MCP_DAEMON_MAIN_DIGEST: string;

/** A file, loaded. */
export interface Compiled {
  readonly exports: unknown;
  /** Keeps what is compiled by now for the next start. To be called when all that a start needs has run. Never throws. */
  keep(): void;
}

/** Node's own cache, where there is one. */
interface NodeCache {
  enableCompileCache?: (folder?: string) => unknown;
  flushCompileCache?: () => void;
}

const SUFFIX = '.v8';
const DIGEST_BYTES = 20;
const FORGET_AFTER_MS = 30 * 24 * 60 * 60_000;

/** Where caches are, by the convention of the platform; undefined where the user has no folder. */
export function cacheFolder(env: Env, platform: NodeJS.Platform = process.platform): string | undefined {
  const home = env['HOME'] || env['USERPROFILE'];
  const below = (base: string | undefined, ...names: string[]): string | undefined =>
    base !== undefined && isAbsolute(base) ? join(base, ...names) : undefined;
  if (platform === 'win32') return below(env['LOCALAPPDATA'], 'mcp-daemon', 'cache');
  if (platform === 'darwin') return below(home, 'Library', 'Caches', 'mcp-daemon');
  return below(env['XDG_CACHE_HOME'], 'mcp-daemon') ?? below(home, '.cache', 'mcp-daemon');
}

/** Whether only this user can have written what is in the folder. */
function isOwn(folder: string): boolean {
  const { uid, mode } = statSync(folder);
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

/** Makes the folder where there is none. @returns whether only this user can write to it */
function makeOwn(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return isOwn(folder);
  } catch {
    return false;
  }
}

const digestOf = (data: Uint8Array): Buffer => createHash('sha1').update(data).digest();

/** The cache's content, if it is whole. */
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

/** Writes a cache, all at once, and removes those of versions that are not used any more. */
function writeCache(file: string, data: Buffer): void {
  const folder = dirname(file);
  if (!makeOwn(folder)) return;
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`;
  writeFileSync(temporary, Buffer.concat([digestOf(data), data]), { flag: 'wx', mode: 0o600 });
  renameSync(temporary, file);
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const isOurs = name.endsWith(SUFFIX) || name.endsWith('.tmp');
    if (isOurs && Date.now() - statSync(path).mtimeMs > FORGET_AFTER_MS) rmSync(path, { force: true });
  }
}

/** Loads a file by Node's own loader, with Node's own cache if it has one. */
function loadPlainly(file: string, flush: (() => void) | undefined): Compiled {
  const exports: unknown = nodeModule.createRequire(import.meta.url)(file);
  return { exports, keep: () => flush?.() };
}

/** Loads a file, with what an earlier start has compiled of it. */
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
  // A script that comes from a cache cannot import(); the file asks its module for a way to.
  const module = { exports: {} as unknown, importModule: (specifier: string): Promise<unknown> => import(specifier) };
  const run = script.runInThisContext() as (...args: unknown[]) => void;
  run.call(module.exports, module.exports, nodeModule.createRequire(import.meta.url), module, file, dirname(file));
  let kept = cachedData !== undefined && script.cachedDataRejected !== true;
  return {
    exports: module.exports,
    keep() {
      if (kept) return;
      kept = true;
      try {
        writeCache(cache, script.createCachedData());
      } catch {
        // The next start compiles again.
      }
    },
  };
}
