/** Reads a folder for a bundle. */
import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

import { BundleRefusal, quoted } from './refusal.js';

/** Something in the folder that goes into the bundle. */
export type Collected = { path: string } & (
  | { kind: 'file'; isExecutable: boolean; size: number }
  /** A folder without anything in it. */
  | { kind: 'folder' }
  | { kind: 'link'; target: string }
);

/** What is in a folder. */
export interface Collection {
  /** Sorted by path. */
  entries: Collected[];
  /** Paths that are left out. A folder ends with `/`. */
  leftOut: string[];
}

const posix = (path: string): string => path.replaceAll(sep, '/');
const isOutside = (way: string): boolean => way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
/** By the numbers of the characters, so that the order is the same in every language. */
const byPath = ({ path: a }: Collected, { path: b }: Collected): number => (a < b ? -1 : a > b ? 1 : 0);

class Collector {
  readonly collection: Collection = { entries: [], leftOut: [] };
  readonly #root: string;
  readonly #isLeftOut: (path: string) => boolean;

  constructor(root: string, isLeftOut: (path: string) => boolean) {
    this.#root = root;
    this.#isLeftOut = isLeftOut;
  }

  /** The target of a link, relative. @throws BundleRefusal if it is not in the folder */
  async #targetOf(path: string): Promise<string> {
    const place = join(this.#root, path);
    const target = await readlink(place);
    const outside = (why: string): BundleRefusal =>
      new BundleRefusal(
        'link',
        `is a link to ${quoted(target)}, ${why}: copy what it links to, or leave it out with --exclude`,
        path,
      );
    let real: string;
    try {
      real = await realpath(place);
    } catch {
      throw outside('which does not exist');
    }
    if (isOutside(relative(this.#root, real))) throw outside('which is outside of the folder');
    const absolute = resolve(dirname(place), target);
    const way = relative(this.#root, absolute);
    // Through a link outside and back in again: only the end of it is in the folder.
    return posix(relative(dirname(place), isOutside(way) ? real : absolute)) || '.';
  }

  async #add(entry: Dirent, path: string): Promise<void> {
    if (entry.isSymbolicLink()) {
      this.collection.entries.push({ path, kind: 'link', target: await this.#targetOf(path) });
    } else if (entry.isDirectory()) {
      await this.walk(path);
    } else if (entry.isFile()) {
      const { mode, size } = await lstat(join(this.#root, path));
      this.collection.entries.push({ path, kind: 'file', isExecutable: (mode & 0o100) !== 0, size });
    } else {
      throw new BundleRefusal('device', 'is neither a file nor a folder: leave it out with --exclude', path);
    }
  }

  async walk(folder: string): Promise<void> {
    const found = await readdir(join(this.#root, folder), { withFileTypes: true });
    const { entries, leftOut } = this.collection;
    const before = entries.length;
    for (const entry of found) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (this.#isLeftOut(path)) leftOut.push(entry.isDirectory() ? `${path}/` : path);
      else await this.#add(entry, path);
    }
    const isEmpty = found.length === 0 && folder !== '' && entries.length === before;
    if (isEmpty) entries.push({ path: folder, kind: 'folder' });
  }
}

/**
 * Lists what a folder has for a bundle.
 *
 * @throws BundleRefusal for a link that leads out of the folder, and for what is neither file, folder nor link
 */
export async function collect(folder: string, isLeftOut: (path: string) => boolean): Promise<Collection> {
  const collector = new Collector(await realpath(folder), isLeftOut);
  await collector.walk('');
  const { entries, leftOut } = collector.collection;
  return { entries: entries.sort(byPath), leftOut: leftOut.sort() };
}

/** The contents of a collected file. */
export const readCollected = (folder: string, { path }: Collected): Promise<Buffer> => readFile(join(folder, path));
