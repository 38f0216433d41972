/**
 * Loads a CommonJS file with V8's code cache from earlier starts, because compiling takes a large part of the time before the
 * first answer of a sidecar. The folder of the cache must be writable for the current user alone, because its content is executed.
 *
 * The cache has the functions that had run when it was saved. So it is saved again by the next few starts, where they ran more: the
 * first one may have ended early. Node 22.1 and newer have a cache built in, which keeps what the first start saved; it is used for
 * all other files.
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
   * Saves the code that was compiled so far, for the next start. Call it when everything that a start needs has run. Only the first
   * call does something. Never throws.
   */
  saveCache(): void;
}

/** The compile cache that newer versions of Node have. */
interface NodeCache {
  enableCompileCache?: (folder?: string) => unknown;
}

/** A cache file: the digest of all that follows, the number of starts that have tried to improve it, and the compiled code. */
const SUFFIX = '.v8';
const DIGEST_BYTES = 20;
const HEADER_BYTES = DIGEST_BYTES + 1;
/** After so many starts the cache stays as it is: each try takes some 10 ms. */
const MAX_TRIES = 4;
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

/** What a cache file has. */
interface Cache {
  readonly tries: number;
  readonly code: Buffer;
}

/** The content of the cache file; undefined where it is missing, damaged, or writable for other users. */
function readCache(file: string): Cache | undefined {
  try {
    if (!isOwn(dirname(file))) return undefined;
    const bytes = readFileSync(file);
    if (!digestOf(bytes.subarray(DIGEST_BYTES)).equals(bytes.subarray(0, DIGEST_BYTES))) return undefined;
    return { tries: bytes.readUInt8(DIGEST_BYTES), code: bytes.subarray(HEADER_BYTES) };
  } catch {
    return undefined;
  }
}

/** Writes the cache file, and removes cache files that have not been used for a month. */
function writeCache(file: string, { tries, code }: Cache): void {
  const folder = dirname(file);
  if (!makeOwn(folder)) return;
  const content = Buffer.concat([Buffer.of(tries), code]);
  writeFileAtomically(file, Buffer.concat([digestOf(content), content]));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const isOurs = name.endsWith(SUFFIX) || name.endsWith(TEMPORARY_SUFFIX);
    if (isOurs && Date.now() - statSync(path).mtimeMs > UNUSED_AFTER_MS) rmSync(path, { force: true });
  }
}

/** Loads a CommonJS file, with the code cache of earlier starts if there is one. */
export function loadCompiled(file: string, env: Env): Compiled {
  const folder = cacheFolder(env);
  if (folder === undefined)
    return { exports: nodeModule.createRequire(import.meta.url)(file) as unknown, saveCache: () => undefined };
  const { enableCompileCache } = nodeModule as NodeCache;
  if (enableCompileCache !== undefined && makeOwn(folder)) enableCompileCache(join(folder, 'node'));

  const path = join(folder, `${MCP_DAEMON_MAIN_DIGEST}-${process.version}-${process.arch}${SUFFIX}`);
  const found = readCache(path);
  const source = `(function(exports,require,module,__filename,__dirname){${readFileSync(file, 'utf8')}\n})`;
  const script = new vm.Script(source, { filename: file, ...(found === undefined ? {} : { cachedData: found.code }) });
  // A script from a cache cannot call import(), so main.cjs calls this function of its module instead.
  const module = { exports: {} as unknown, importModule: (specifier: string): Promise<unknown> => import(specifier) };
  const run = script.runInThisContext() as (...args: unknown[]) => void;
  run.call(module.exports, module.exports, nodeModule.createRequire(import.meta.url), module, file, dirname(file));
  const used = script.cachedDataRejected === true ? undefined : found;
  let isSaved = used !== undefined && used.tries >= MAX_TRIES;
  return {
    exports: module.exports,
    saveCache() {
      if (isSaved) return;
      isSaved = true;
      try {
        const code = script.createCachedData();
        // Code that has not run for a while is removed from memory, and so from what this start would save.
        const best = used !== undefined && used.code.length > code.length ? used.code : code;
        writeCache(path, { tries: (used?.tries ?? 0) + 1, code: best });
      } catch {
        // The next start compiles again.
      }
    },
  };
}
