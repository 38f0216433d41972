/**
 * Reads the file system. None of these functions throws: what cannot be read counts as missing.
 */
import type { Dirent, Stats } from 'node:fs';
import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { extname, join, sep } from 'node:path';

/** The extensions of a module's file, in the order in which they are tried. */
export const EXTENSIONS = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'] as const;

const CODE: ReadonlySet<string> = new Set(EXTENSIONS);
const INSTALLED = `${sep}node_modules${sep}`;

/** Whether the name has the extension of a file with code. */
export const isCode = (name: string): boolean => CODE.has(extname(name));

/** Whether the file belongs to an installed package, which is never reloaded. */
export const isInstalled = (file: string): boolean => file.includes(INSTALLED);

/** The file or folder at the path, or undefined. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The path without symbolic links, by which Node identifies a module; the path itself if it does not exist. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The file's text, or undefined. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The entries of the folder; none if it cannot be read. */
export function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** The file at the path, or at the path with one of the extensions. */
export function fileAt(path: string, extensions: readonly string[] = EXTENSIONS): string | undefined {
  if (statOf(path)?.isFile()) return path;
  const extension = extensions.find((candidate) => statOf(path + candidate)?.isFile());
  return extension === undefined ? undefined : path + extension;
}

/** The folder's index file. */
export const indexOf = (folder: string): string | undefined => fileAt(join(folder, 'index'));
