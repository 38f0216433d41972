/**
 * Finds the file of a link. The order, which is also in docs/config.md and in errors:
 *
 * 1. `module_name` as a path from the config file's folder: the file itself, with an extension left out, a folder (its
 *    package.json or index file); `pkg.sub.mod` is also tried as `pkg/sub/mod`;
 * 2. the same inside the folder `package_name`;
 * 3. an installed package: `package_name` itself, `package_name/module_name`, and last an export of the package's main file.
 *
 * If `source` is a folder, it replaces the config file's folder; if it is a file, it is the module.
 */
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { LinkBinding } from '@mcp-daemon/core';
import { DaemonError, didYouMean, nearest } from '@mcp-daemon/core';

import { entriesOf, EXTENSIONS, fileAt, indexOf, isCode, statOf } from './files.js';
import { fileInPackage, findPackage, nodeModulesAbove, splitSpecifier } from './packages.js';

/** The part of a link that says where its code is. */
export type ModuleNames = Pick<LinkBinding, 'package_name' | 'module_name' | 'source'>;

/** Where a module is. */
export interface Place {
  file: string;
  /** The module is this export of the file. If the file has no such export, the module was not found. */
  member?: string;
}

/** The places that were tried, and the names that exist there. Only an error needs them. */
interface Search {
  readonly base: string;
  readonly looked: string[];
  readonly nearby: (() => Iterable<string>)[];
}

const isScheme = (text: string): boolean => /^[a-z][a-z0-9+.-]+:/i.test(text);

/** Whether `source` is absent or a path, and not a bundle or another server. */
export function isPath(source: string | undefined): boolean {
  if (source === undefined || source === '') return true;
  if (source.startsWith('file:') || source.startsWith('.') || isAbsolute(source)) return true;
  return /[\\/]/.test(source) && !isScheme(source);
}

/** The path relative to the config file's folder, for messages. */
export function shown(base: string, path: string): string {
  const way = relative(base, path).replaceAll(sep, '/');
  if (way === '') return '.';
  return way.startsWith('..') || isAbsolute(way) ? way : `./${way}`;
}

/** A path or a file: URL as a path. A URL of another host counts as a path, which is not found. */
function toPath(base: string, path: string): string {
  try {
    return path.startsWith('file:') ? fileURLToPath(path) : resolve(base, path);
  } catch {
    return resolve(base, path);
  }
}
const isExplicit = (name: string): boolean => /^\.{0,2}[\\/]|^file:|^[a-z]:[\\/]/i.test(name);

/** The name, and for a Python name such as `pkg.sub.mod` also `pkg/sub/mod`. */
function spellings(name: string): string[] {
  const dotted = /^[\w$@-]+(\.[\w$-]+)+$/.test(name) && !isCode(name);
  return dotted ? [name, name.replaceAll('.', '/')] : [name];
}

/** The file at the path, or the main file of the folder there. */
function codeAt(path: string): string | undefined {
  const file = fileAt(path);
  if (file !== undefined) return file;
  if (!statOf(path)?.isDirectory()) return undefined;
  if (statOf(join(path, 'package.json')) === undefined) return indexOf(path);
  const entry = fileInPackage(path, '.');
  return 'file' in entry ? entry.file : indexOf(path);
}

/** The names of the modules in the folder in which the module was looked for. */
function* namesNear(folder: string, name: string): Generator<string> {
  for (const spelling of spellings(name)) {
    const start = spelling.slice(0, Math.max(spelling.lastIndexOf('/'), spelling.lastIndexOf('\\')) + 1);
    for (const entry of entriesOf(dirname(toPath(folder, spelling)))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory()) yield start + entry.name;
      else if (isCode(entry.name)) yield start + (isCode(name) ? entry.name : entry.name.slice(0, entry.name.lastIndexOf('.')));
    }
  }
}

/** The names of installed packages in the same scope. */
function* namesInstalled(folder: string, name: string): Generator<string> {
  const scope = name.startsWith('@') ? name.slice(0, name.indexOf('/') + 1) : '';
  for (const modules of nodeModulesAbove(folder)) {
    for (const entry of entriesOf(join(modules, scope))) if (!/^[.@]/.test(entry.name)) yield scope + entry.name;
  }
}

/** Tries the module's names in one folder. */
function inFolder(search: Search, folder: string, name: string): string | undefined {
  for (const spelling of spellings(name)) {
    const path = toPath(folder, spelling);
    const file = codeAt(path);
    if (file !== undefined) return file;
    search.looked.push(shown(search.base, path));
  }
  search.nearby.push(() => namesNear(folder, name));
  return undefined;
}

/** Tries the installed package. */
function inPackage(
  search: Search,
  folder: string,
  { package_name: packageName, module_name: moduleName }: ModuleNames,
): Place | undefined {
  const specifier = splitSpecifier(packageName);
  if (specifier === undefined) return undefined;
  const { name } = specifier;
  const subpaths = subpathsOf(specifier, packageName, moduleName);
  const reasons = new Set<string>();
  for (const subpath of subpaths) {
    const found = findPackage(name, subpath, folder);
    if ('file' in found) return { file: found.file };
    reasons.add(found.missing);
  }
  // The main file was not tried yet: it may export the module.
  if (!subpaths.includes('.')) {
    const found = findPackage(name, '.', folder);
    if ('file' in found) return { file: found.file, member: moduleName };
    reasons.add(found.missing);
  }
  search.looked.push(`the package "${name}" (${[...reasons].join(', ')})`);
  if (reasons.has('is not installed')) search.nearby.push(() => namesInstalled(folder, name));
  return undefined;
}

/** The subpaths of the package that may be the module. `.` is its main file. */
function subpathsOf({ name, subpath }: { name: string; subpath: string }, packageName: string, moduleName: string): string[] {
  if (moduleName === packageName) return [subpath];
  const rest = ['/', '.'].map((mark) => name + mark).find((start) => moduleName.startsWith(start));
  const inner = rest === undefined ? moduleName : moduleName.slice(rest.length);
  const root = subpath === '.' ? '.' : subpath;
  return spellings(inner).map((spelling) => `${root}/${spelling}`);
}

/**
 * Finds a module's file.
 *
 * @param base the config file's folder
 * @param names the link's names
 * @returns the file, which existed a moment ago
 * @throws DaemonError `module_not_found`, with all places that were tried
 */
export function locate(base: string, names: ModuleNames): Place {
  const { package_name: packageName, module_name: moduleName, source } = names;
  const search: Search = { base, looked: [], nearby: [] };
  const root = source === undefined || source === '' ? base : toPath(base, source);
  const kind = root === base ? undefined : statOf(root);
  if (kind?.isFile()) return { file: root };
  if (root !== base && kind === undefined) {
    throw new DaemonError('module_not_found', `module "${moduleName}" not found: its source ${shown(base, root)} does not exist`);
  }
  const direct = inFolder(search, root, moduleName);
  if (direct !== undefined) return { file: direct };
  if (!isExplicit(moduleName)) {
    if (splitSpecifier(packageName) !== undefined || isExplicit(packageName)) {
      const nested = inFolder(search, toPath(root, packageName), moduleName);
      if (nested !== undefined) return { file: nested };
    }
    // The source may be the package's own folder.
    const own = root !== base && moduleName === packageName ? codeAt(root) : undefined;
    if (own !== undefined) return { file: own };
    const installed = inPackage(search, root, names);
    if (installed !== undefined) return installed;
  }
  const candidates = new Set(search.nearby.flatMap((list) => [...list()]));
  const near = nearest(moduleName, candidates) ?? nearest(packageName, candidates);
  throw new DaemonError(
    'module_not_found',
    `module "${moduleName}" not found: looked for ${[...new Set(search.looked)].join(', ')}` +
      ` from the config file's folder (files with ${EXTENSIONS.slice(0, 3).join(', ')} or .ts, or a folder with an index file)` +
      (near === undefined ? '' : `; did you mean "${near}"?`),
  );
}

/**
 * The error for a package whose main file does not export the module either.
 *
 * @param names the link's names
 * @param exported the names that the main file exports
 */
export function noSuchExport(names: ModuleNames, exported: readonly string[]): DaemonError {
  const { package_name: packageName, module_name: moduleName } = names;
  return new DaemonError(
    'module_not_found',
    `module "${moduleName}" not found: the package "${packageName}" has no file or subpath of that name, and exports ` +
      (exported.length === 0 ? 'nothing' : exported.slice(0, 10).join(', ')) +
      didYouMean(moduleName, exported),
  );
}
