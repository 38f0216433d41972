/**
 * Finds the file of an installed package as `import` would in the user's folder: Node itself resolves package names only from the
 * importing file, which is one of ours. Follows "PACKAGE_RESOLVE" of Node's documentation of ECMAScript modules.
 *
 * @see https://nodejs.org/api/esm.html#resolution-algorithm-specification
 */
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { fileAt, indexOf, statOf, textOf } from './files.js';

/** The file of a package, or the reason why there is none. */
export type PackageFile = { file: string } | { missing: string };

interface Manifest {
  name?: unknown;
  main?: unknown;
  exports?: unknown;
}

type Table = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Table => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The conditions of `import` in this version of Node. `module-sync` came with `require(esm)`. */
const CONDITIONS: ReadonlySet<string> = new Set([
  'node',
  'import',
  'node-addons',
  'default',
  ...((process.features as unknown as Table)['require_module'] === true ? ['module-sync'] : []),
]);

/** Splits `@scope/name/sub/path` into the package's name and `./sub/path` (`.` for none); undefined: not a package's name. */
export function splitSpecifier(specifier: string): { name: string; subpath: string } | undefined {
  const match = /^((?:@[^/\\%@]+\/)?[^./\\%@][^/\\%]*)(?:\/(.+))?$/.exec(specifier);
  if (match?.[1] === undefined) return undefined;
  return { name: match[1], subpath: match[2] === undefined ? '.' : `./${match[2]}` };
}

/** The folder's package.json; undefined if it is missing or cannot be read. */
function manifestOf(folder: string): Manifest | undefined {
  const text = textOf(join(folder, 'package.json'));
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : {};
  } catch {
    return undefined;
  }
}

/** The target for these conditions: a path; null if the package forbids it; undefined if no condition matches. */
function targetOf(value: unknown, star: string): string | null | undefined {
  if (typeof value === 'string') return value.startsWith('./') ? value.replaceAll('*', () => star) : undefined;
  if (value === null) return null;
  if (Array.isArray(value)) {
    let last: string | null | undefined;
    for (const item of value) {
      last = targetOf(item, star);
      if (typeof last === 'string') return last;
    }
    return last;
  }
  if (isTable(value)) {
    for (const [condition, inner] of Object.entries(value)) {
      if (!CONDITIONS.has(condition)) continue;
      const found = targetOf(inner, star);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Finds the subpath in `exports`: an exact key, else the pattern with the longest prefix. */
function exportOf(exports: unknown, subpath: string): string | null | undefined {
  const table = isTable(exports) && Object.keys(exports).some((key) => key.startsWith('.')) ? exports : { '.': exports };
  if (Object.hasOwn(table, subpath) && !subpath.includes('*')) return targetOf(table[subpath], '');
  let best: { key: string; at: number; star: string } | undefined;
  for (const key of Object.keys(table)) {
    const at = key.indexOf('*');
    if (at < 0 || at !== key.lastIndexOf('*')) continue;
    const [head, tail] = [key.slice(0, at), key.slice(at + 1)];
    if (!subpath.startsWith(head) || subpath === head || !subpath.endsWith(tail) || subpath.length < key.length) continue;
    const longer = best === undefined || at > best.at || (at === best.at && key.length > best.key.length);
    if (longer) best = { key, at, star: subpath.slice(at, subpath.length - tail.length) };
  }
  return best === undefined ? undefined : targetOf(table[best.key], best.star);
}

/** The file of a target, which is a URL and must be inside its package. */
function inside(folder: string, target: string): string | undefined {
  if (/(^|[\\/]|%2f|%5c)(\.\.?|%2e|%2e%2e|node_modules)([\\/]|%2f|%5c|$)/i.test(target.slice(2))) return undefined;
  try {
    return fileURLToPath(new URL(target, pathToFileURL(join(folder, '/'))));
  } catch {
    return undefined;
  }
}

/**
 * The file of a subpath in a package's folder.
 *
 * @param folder the package's folder
 * @param subpath `.`, or `./sub/path`
 */
export function fileInPackage(folder: string, subpath: string, manifest = manifestOf(folder)): PackageFile {
  if (manifest?.exports !== undefined && manifest.exports !== null) {
    const target = exportOf(manifest.exports, subpath);
    const file = typeof target === 'string' ? inside(folder, target) : undefined;
    if (file === undefined) return { missing: subpath === '.' ? 'exports nothing to import' : `does not export "${subpath}"` };
    return statOf(file)?.isFile() ? { file } : { missing: `exports "${subpath}" as ${String(target)}, which does not exist` };
  }
  if (subpath !== '.') {
    // Without `exports` Node requires the full file name. Here extensions may be left out, as for the user's own files.
    const path = resolve(folder, subpath);
    const file = fileAt(path) ?? indexOf(path);
    return file === undefined ? { missing: `has no file "${subpath}"` } : { file };
  }
  const main = typeof manifest?.main === 'string' ? resolve(folder, manifest.main) : undefined;
  const file =
    (main === undefined ? undefined : (fileAt(main, ['.js']) ?? fileAt(join(main, 'index.js'), []))) ?? indexOf(folder);
  return file === undefined ? { missing: 'has no main file' } : { file };
}

/** The `node_modules` folders that `import` searches from `from`, nearest first. */
export function* nodeModulesAbove(from: string): Generator<string> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (basename(folder) !== 'node_modules') yield join(folder, 'node_modules');
    if (folder === dirname(folder)) return;
  }
}

/** The nearest package.json at or above the folder. */
function ownPackage(from: string): { folder: string; manifest: Manifest } | undefined {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    if (basename(folder) === 'node_modules') return undefined;
    const manifest = manifestOf(folder);
    if (manifest !== undefined) return { folder, manifest };
    if (folder === dirname(folder)) return undefined;
  }
}

/**
 * The file that `import specifier` would load from a file in `from`.
 *
 * @param name the package, with its scope
 * @param subpath `.`, or `./sub/path`
 * @param from a folder
 */
export function findPackage(name: string, subpath: string, from: string): PackageFile {
  const own = ownPackage(from);
  if (own !== undefined && own.manifest.name === name && own.manifest.exports !== undefined && own.manifest.exports !== null) {
    return fileInPackage(own.folder, subpath, own.manifest);
  }
  for (const folder of nodeModulesAbove(from)) {
    const candidate = join(folder, name);
    if (statOf(candidate)?.isDirectory()) return fileInPackage(candidate, subpath);
  }
  return { missing: 'is not installed' };
}
