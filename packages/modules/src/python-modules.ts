/** Finds modules in Python: files and packages in the config file's folder. What is installed, Python finds by itself. */
import { dirname, extname, join, resolve } from 'node:path';

import type { CodeLocator, LinkBinding } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { digestOf } from './digest.js';
import { entriesOf, statOf } from './files.js';
import type { ModuleNames } from './locate.js';
import { isPath, locate } from './locate.js';

/** The part of a link that says where its code is, and in which language. */
export type PythonNames = ModuleNames & Pick<LinkBinding, 'runtime'>;

/** Finds code in Python. */
export interface PythonModules extends CodeLocator {
  accepts(link: PythonNames): boolean;
}

/** Files whose changes are noticed. */
const MAX_FILES = 2_000;

/** Where the code of a link would be. */
interface Root {
  root: string;
  /** The link's `source` is this file. */
  file: string | null;
}

const isPython = (path: string): boolean => extname(path) === '.py';

/** The module's path in its folder: `pkg.mod`, `pkg/mod` and `mod.py` are all ways to write it. */
const pathOf = (module: string): string => module.replace(/\.py$/, '').replace(/^\.\//, '').replaceAll('.', '/');

/** The folder of the code, from the config file's folder. */
function rootOf(base: string, { source }: ModuleNames): Root {
  if (source === undefined || source === '') return { root: base, file: null };
  const path = resolve(base, source);
  return isPython(path) && statOf(path)?.isFile() === true ? { root: dirname(path), file: path } : { root: path, file: null };
}

/** Whether there is a file of the module, or a folder with Python files. */
function hasModule(root: string, { module_name, package_name }: ModuleNames): boolean {
  const path = pathOf(module_name);
  return [path, `${pathOf(package_name)}/${path}`].some((each) => {
    const at = join(root, each);
    return statOf(`${at}.py`)?.isFile() === true || entriesOf(at).some(({ name }) => isPython(name));
  });
}

/** Whether JavaScript of this name is there: it comes first. */
function hasJavaScript(base: string, link: ModuleNames): boolean {
  try {
    return !isPython(locate(base, link).file);
  } catch (error) {
    if (error instanceof DaemonError) return false;
    throw error;
  }
}

/** The Python files of a folder and of the folders in it. */
function collect(folder: string, deep: boolean, found: Set<string>): void {
  for (const entry of entriesOf(folder)) {
    if (found.size >= MAX_FILES || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (isPython(entry.name)) found.add(path);
    else if (deep && entry.isDirectory() && entry.name !== '__pycache__') collect(path, true, found);
  }
}

/** The files beside the module, and those of its package: a change in one of them may change the module. */
function filesOf(root: string, { module_name, package_name }: LinkBinding): string[] {
  const found = new Set<string>();
  collect(root, false, found);
  for (const name of [module_name, package_name]) {
    const [top = ''] = pathOf(name).split('/');
    if (top !== '') collect(join(root, top), true, found);
  }
  return [...found];
}

/** What changes when one of the files does, without reading them. */
const stampOf = (files: readonly string[]): string =>
  files.map((file) => `${file} ${statOf(file)?.mtimeMs ?? 0} ${statOf(file)?.size ?? 0}`).join('\n');

/**
 * Finds code of links whose `runtime` is `python`, and of links without a `runtime` for which there are Python files, and no JavaScript.
 * The digest is that of the files beside the module and in its package.
 *
 * @param options.base the config file's folder
 */
export function pythonModules({ base }: { base: string }): PythonModules {
  const known = new Map<string, { stamp: string; digest: string }>();

  function digest(root: string, link: LinkBinding): string | null {
    const files = filesOf(root, link);
    if (files.length === 0) return null; // an installed package
    const stamp = stampOf(files);
    const key = JSON.stringify([root, link.module_name, link.package_name]);
    const before = known.get(key);
    if (before?.stamp === stamp) return before.digest;
    const made = digestOf(root, files);
    known.set(key, { stamp, digest: made });
    return made;
  }

  return {
    accepts(link) {
      if (!isPath(link.source) || link.runtime === 'node') return false;
      if (link.runtime === 'python') return true;
      const { root, file } = rootOf(base, link);
      return (file !== null || hasModule(root, link)) && !hasJavaScript(base, link);
    },
    async locate(link) {
      if (link.sha256 !== undefined) {
        const why = 'sha256 is only supported for bundles (source "zip" or "s3"), not for files that may change';
        throw new DaemonError('module_failed', `module "${link.module_name}" could not be loaded: ${why}`);
      }
      const { root, file } = rootOf(base, link);
      return { runtime: 'python', root, file, digest: digest(root, link) };
    },
  };
}
