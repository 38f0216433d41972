/**
 * Makes Node load TypeScript, on every Node that is supported. Nothing here runs until a module consists of TypeScript.
 *
 * - Types: Node strips them itself from 22.18 on. Before that, hooks do (see strip-types.ts).
 * - `./x.js` that means `./x.ts`: TypeScript allows it, and no Node does.
 */
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

import { DaemonError } from '@mcp-daemon/core';

import { checkDescriptors } from './descriptors.js';
import { isTypeScript, readStripped, sourceSpecifier, stripperPath, stripsTypes } from './strip-types.js';

interface ResolveContext {
  parentURL?: string | undefined;
}

type Next = (subject: string, context: ResolveContext) => object;

/** The hooks of Node 22.15, which the installed types do not have yet. */
interface SyncHooks {
  registerHooks?(hooks: { resolve(specifier: string, context: ResolveContext, next: Next): object }): unknown;
}

interface CommonJsModule {
  filename: string;
  _compile(code: string, file: string, format?: string): void;
}

/** The parts of Node's CommonJS loader that programs may replace. */
interface CommonJsLoader {
  _extensions: Record<string, (module: CommonJsModule, file: string) => void>;
  _resolveFilename(specifier: string, parent: { filename?: string } | undefined, ...more: unknown[]): string;
}

const loader = nodeModule.default as unknown as CommonJsLoader;
const { registerHooks } = nodeModule as unknown as SyncHooks;

/** Calls a function; where that fails, and the specifier may mean a TypeScript file, calls it again for that. */
function orSource<Result>(specifier: string, parent: string | undefined, find: (specifier: string) => Result): Result {
  try {
    return find(specifier);
  } catch (error) {
    const source = sourceSpecifier(specifier, parent);
    if (source === undefined) throw error;
    try {
      return find(source);
    } catch {
      throw error; // it names what the author wrote
    }
  }
}

/** Makes require() find them: hooks do not see each require(), on Node 22. */
function findInRequire(): void {
  const { _resolveFilename: find } = loader;
  loader._resolveFilename = (specifier, parent, ...more) =>
    orSource(specifier, parent?.filename, (name) => find.call(loader, name, parent, ...more));
}

/** Node 20: makes require() strip types. */
function stripInRequire(): void {
  for (const extension of ['.ts', '.cts', '.mts']) {
    loader._extensions[extension] = (module, file) => {
      if (!isTypeScript(file)) throw new Error(`${file} is TypeScript in node_modules, which no Node loads`);
      const { format, code } = readStripped(file);
      // With a format, require() of an ES module works, on each Node that allows it for JavaScript.
      module._compile(code, file, format);
    };
  }
}

/** Node 20: where the code of the thread is: beside this file, or beside the command's main file or its chunks. */
const PLACES = ['./typescript-thread.js', '../typescript-thread.js'];

/** Node 20: installs the hooks, which run in a thread of their own. */
function startThread(): void {
  const place = PLACES.map((path) => new URL(path, import.meta.url)).find((url) => existsSync(fileURLToPath(url)));
  try {
    stripperPath();
    if (place === undefined) throw new Error('typescript-thread.js is missing');
  } catch (cause) {
    const why = `TypeScript needs a complete installation of this program, or Node 22.18, 23.6 or newer (this is ${process.version})`;
    throw new DaemonError('module_failed', `${why}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  checkDescriptors();
  nodeModule.register(place);
}

let isAllowed = false;

/** Whether {@link allowTypeScript} was called. */
export const isTypeScriptAllowed = (): boolean => isAllowed;

/**
 * Makes Node load TypeScript files, from now on. A second call does nothing.
 *
 * @throws DaemonError `module_failed` if that is not possible: a part of the installation is missing, or no thread can start
 */
export function allowTypeScript(): void {
  if (isAllowed) return;
  if (stripsTypes()) {
    registerHooks?.({
      resolve: (specifier, context, next) => orSource(specifier, context.parentURL, (name) => next(name, context)),
    });
  } else {
    startThread();
    stripInRequire();
  }
  findInRequire();
  isAllowed = true;
}
