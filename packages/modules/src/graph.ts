/**
 * Knows which local files a module consists of, and which of them have changed. It scans the sources for import specifiers, which is
 * cheaper than hooks, and the same before and after a reload. A specifier that is found by mistake costs only a stat, so the scan
 * rather finds too many. As ES modules are cached for the whole process, so is this.
 */
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { entriesOf, fileAt, indexOf, isCode, isInstalled, realPath, statOf, textOf } from './files.js';
import { sourceSpecifier } from './strip-types.js';

/** Enough for any module. A limit for anything that is not one. */
const MAX_FILES = 1000;
const MAX_SCANNED_BYTES = 2_000_000;
const MAX_FOLDER_FILES = 200;
const MAX_FOLDERS = 50;

const LITERAL = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*(?:\/\*[^*]*\*\/\s*)?(["'`])([^"'`\n$]+)\1/g;
/** `import(name)`: what it loads is only known at run time, so it counts as importing all code in the file's folder. */
const COMPUTED = /\b(?:import|require)\s*\(\s*(?:\/\*[^*]*\*\/\s*)?(?:[^\s"'`)/]|`[^`]*\$\{)/;
const IMPORTABLE = ['.js', '.mjs', '.cjs', '.json', '.ts', '.mts', '.cts'];

interface Node {
  /** Time, size and inode of the file; null: it is missing; {@link UNREAD}: it is there, but could not be read. */
  stamp: string | null;
  imports: readonly string[];
  /** Where a file would be that an import does not find. */
  missing: readonly string[];
}

/** Differs from every stamp, so that the file is scanned again. */
const UNREAD = 'unread';

const nodes = new Map<string, Node>();

const stampOf = (file: string): string | null => {
  const stat = statOf(file);
  return stat?.isFile() ? `${stat.mtimeMs}:${stat.size}:${stat.ino}` : null;
};

/** All code below the folder, except dependencies and hidden files. */
function codeBelow(folder: string): string[] {
  const found: string[] = [];
  const folders = [folder];
  for (let index = 0; index < folders.length && index < MAX_FOLDERS && found.length < MAX_FOLDER_FILES; index++) {
    const at = folders[index] ?? folder;
    for (const entry of entriesOf(at)) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      if (entry.isDirectory()) folders.push(join(at, entry.name));
      else if (isCode(entry.name) && found.length < MAX_FOLDER_FILES) found.push(join(at, entry.name));
    }
  }
  return found;
}

/** The files that an import may mean which finds none, so that it is noticed when one of them is there. */
function missingAt(path: string, source: string | undefined): string[] {
  const folder = realPath(dirname(path));
  const name = basename(path);
  const names = extname(name) === '' ? IMPORTABLE.map((extension) => name + extension) : [name];
  return [...names, ...(source === undefined ? [] : [basename(source)])].map((one) => join(folder, one));
}

/** @returns undefined if the file cannot be read */
function importsOf(file: string): Pick<Node, 'imports' | 'missing'> | undefined {
  if (!isCode(file) || (statOf(file)?.size ?? 0) > MAX_SCANNED_BYTES) return { imports: [], missing: [] };
  const text = textOf(file);
  if (text === undefined) return undefined;
  const folder = dirname(file);
  const found = new Set<string>();
  const missing = new Set<string>();
  for (const [, , specifier = ''] of text.matchAll(LITERAL)) {
    if (!/^\.{0,2}\/|^\.{1,2}$|^file:/.test(specifier)) continue;
    let path: string;
    try {
      path = specifier.startsWith('file:') ? fileURLToPath(specifier) : resolve(folder, specifier.replace(/[?#].*$/, ''));
    } catch {
      continue;
    }
    const source = sourceSpecifier(path, file);
    const target = fileAt(path, IMPORTABLE) ?? (source === undefined ? undefined : fileAt(source, [])) ?? indexOf(path);
    if (target !== undefined) found.add(realPath(target));
    else for (const one of missingAt(path, source)) missing.add(one);
  }
  if (COMPUTED.test(text)) for (const path of codeBelow(folder)) found.add(realPath(path));
  found.delete(file);
  return { imports: [...found], missing: [...missing] };
}

function scan(file: string): Node {
  // In this order, so that an edit in between is noticed.
  const stamp = stampOf(file);
  const read = importsOf(file);
  const { imports, missing } = read ?? nodes.get(file) ?? { imports: [], missing: [] };
  const node = { stamp: read === undefined && stamp !== null ? UNREAD : stamp, imports, missing };
  nodes.set(file, node);
  return node;
}

/** Whether one of the files could not be read when it was scanned. */
export function someUnread(files: Iterable<string>): boolean {
  for (const file of files) if (nodes.get(file)?.stamp === UNREAD) return true;
  return false;
}

/**
 * The files that a module consists of, itself first. Files that are not known yet are scanned.
 *
 * @param top the module's file, without symbolic links
 */
export function filesOf(top: string): Set<string> {
  const found = new Set([top]);
  for (const file of found) {
    const { imports } = nodes.get(file) ?? scan(file);
    // The imports of installed packages are only followed for a module that is itself in a package.
    for (const next of imports) if (found.size < MAX_FILES && (isInstalled(top) || !isInstalled(next))) found.add(next);
  }
  return found;
}

/** Where files would be that these do not find. */
export const missingOf = (files: Iterable<string>): string[] => [...files].flatMap((file) => nodes.get(file)?.missing ?? []);

/** The tracked files that differ from their last scan. */
export interface Differences {
  changed: string[];
  missing: string[];
}

/**
 * Compares files with their last scan. A changed file is scanned again. A missing one stays as it is until {@link markMissing},
 * because a file may be missing for a moment while it is saved.
 */
export function differences(files: Iterable<string>): Differences {
  const result: Differences = { changed: [], missing: [] };
  for (const file of files) {
    const node = nodes.get(file);
    if (node === undefined) continue;
    const stamp = stampOf(file);
    if (stamp === node.stamp && !node.missing.some((path) => statOf(path) !== undefined)) continue;
    if (stamp === null) {
      result.missing.push(file);
    } else {
      scan(file);
      result.changed.push(file);
    }
  }
  return result;
}

/** Marks a file as missing: from now on its return is a change. */
export function markMissing(file: string): void {
  const node = nodes.get(file);
  if (node !== undefined) node.stamp = null;
}

/** Kernels stamp files with a clock of up to 10 ms: two writes within one tick of it get the same time. */
export const CLOCK_TICK = 20;

/** The texts of those files that were written after `since` (milliseconds since 1970). */
export const textsWrittenAfter = (files: Iterable<string>, since: number): Map<string, string | undefined> =>
  new Map(writtenAfter(files, since).map((file) => [file, textOf(file)]));

/** The files whose text is another now. */
export const textsChanged = (texts: ReadonlyMap<string, string | undefined>): string[] =>
  [...texts].filter(([file, text]) => textOf(file) !== text).map(([file]) => file);

/** The files that were written after `since` (milliseconds since 1970): the loaded code may be older. */
export const writtenAfter = (files: Iterable<string>, since: number): string[] =>
  [...files].filter((file) => (statOf(file)?.ctimeMs ?? 0) > since);

/** The files, and all tracked files that import them, directly or indirectly. */
export function withImporters(files: Iterable<string>): Set<string> {
  const importers = new Map<string, string[]>();
  for (const [file, { imports }] of nodes) {
    for (const target of imports) {
      const list = importers.get(target);
      if (list === undefined) importers.set(target, [file]);
      else list.push(file);
    }
  }
  const found = new Set(files);
  for (const file of found) for (const importer of importers.get(file) ?? []) found.add(importer);
  return found;
}
