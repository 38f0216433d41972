/** Loads modules and builds classes, each once. */
import * as nodeModule from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import type { Instance, UserFunction } from '@mcp-daemon/core/child';
import { buildInstance, DaemonError, exportedFunction, mergeExports, messageOf, methodOf } from '@mcp-daemon/core/child';

import type { Load } from '../protocol/messages.js';

/** The logger that classes get. */
export interface ClassLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

type Exports = Readonly<Record<string, unknown>>;

const TYPESCRIPT = /\.[mc]?ts$/;

/** Why a module could not be loaded, in one line, with the place of a syntax error. */
function reasonOf(cause: unknown, { root, file }: Load): string {
  const { code, stack } = cause as { code?: unknown; stack?: unknown };
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && TYPESCRIPT.test(file ?? ''))
    return `TypeScript in a process of its own needs Node 22.18 or newer; this is ${process.version}`;
  const why = messageOf(cause);
  const place = cause instanceof SyntaxError && typeof stack === 'string' ? /^(file:\/\/\S+|\/\S+?):(\d+)\n/.exec(stack) : null;
  if (place === null) return why;
  const [, at = '', line] = place;
  return `${why} (${relative(root, at.startsWith('file:') ? fileURLToPath(at) : at)}, line ${line})`;
}

/** The path without what it cannot have: Node's message quotes the whole path of a missing file. */
const isMissing = (cause: unknown, file: string): boolean => {
  const { code, url, message } = cause as { code?: unknown; url?: unknown; message?: unknown };
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'ENOENT') return false;
  return url === pathToFileURL(file).href || String(message).includes(`'${file}' imported from`);
};

/** Switches on the cache of compiled code. Node 20 has none. */
function cacheCode(folder: string): void {
  type Enable = (options: string | { directory: string; portable: boolean }) => void;
  const { enableCompileCache } = nodeModule as unknown as { enableCompileCache?: Enable };
  if (enableCompileCache === undefined) return;
  try {
    // Portable: the cache is of use where the folder is moved or copied.
    enableCompileCache({ directory: folder, portable: true });
  } catch {
    enableCompileCache(folder); // older versions take the folder alone
  }
}

/** Writes the cache now: this process may be killed later. */
function writeCache(): void {
  (nodeModule as unknown as { flushCompileCache?: () => void }).flushCompileCache?.();
}

/** Loads functions. */
export class Loader {
  readonly #modules = new Map<string, Promise<Exports>>();
  readonly #instances = new Map<string, Promise<Instance>>();
  readonly #logger: ClassLogger;
  #isAtHome = false;

  constructor(logger: ClassLogger) {
    this.#logger = logger;
  }

  /** Loads a function. @throws DaemonError `module_not_found`, `module_failed`, `function_not_found` */
  async load(load: Load): Promise<UserFunction> {
    if (!this.#isAtHome) {
      this.#isAtHome = true;
      process.chdir(load.root);
      if (load.cache !== undefined) cacheCode(load.cache);
    }
    const exports = await this.#module(load);
    if (load.class_name === undefined) return exportedFunction(load, exports);
    return methodOf(load, await this.#instance(load, exports));
  }

  #module(load: Load): Promise<Exports> {
    const key = JSON.stringify([load.file, load.member]);
    let module = this.#modules.get(key);
    if (module === undefined) {
      module = this.#import(load);
      this.#modules.set(key, module);
      module.catch(() => this.#modules.delete(key));
    }
    return module;
  }

  async #import(load: Load): Promise<Exports> {
    const { file, member, module_name: name } = load;
    if (file === null) throw new DaemonError('module_not_found', `module "${name}" not found: there is no file of it`);
    let exports: Exports;
    try {
      exports = mergeExports((await import(pathToFileURL(file).href)) as Exports);
    } catch (cause) {
      if (isMissing(cause, file)) throw new DaemonError('module_not_found', `module "${name}" not found: its file is gone`);
      throw new DaemonError('module_failed', `module "${name}" could not be loaded: ${reasonOf(cause, load)}`, { cause });
    }
    if (load.cache !== undefined) setImmediate(writeCache);
    if (member === undefined) return exports;
    const found = exports[member];
    if (found === undefined)
      throw new DaemonError('module_not_found', `module "${name}" not found: its package exports no "${member}"`);
    return typeof found === 'object' && found !== null ? mergeExports(found as Exports) : exports;
  }

  #instance(load: Load, exports: Exports): Promise<Instance> {
    const key = JSON.stringify([load.file, load.member, load.class_name, load.setting]);
    let instance = this.#instances.get(key);
    if (instance === undefined) {
      const { setting, partition } = load;
      instance = buildInstance(load, exports, () => ({ logger: this.#logger, setting, partition }));
      this.#instances.set(key, instance);
      instance.catch(() => this.#instances.delete(key));
    }
    return instance;
  }
}
