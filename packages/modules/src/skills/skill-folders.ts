/** Skills in folders: beside the config file, and in bundles. */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { BundleLocator, LinkBinding, Skill, SkillReference, SkillSource } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';

import { codeOf, realPathBelow } from '../below.js';
import type { FolderReader } from './folder-reader.js';
import { folderReader } from './folder-reader.js';
import { watchSkills } from './skill-watch.js';

/** What {@link skillFolders} takes. */
export interface SkillFoldersOptions {
  /** The folder of the config file. */
  base: string;
  /** Finds bundles, such as `bundleStore`. Default: skills in bundles cannot be read. */
  bundles?: BundleLocator;
}

/** Packages that others extract are all in one folder, so this is more than enough. */
const MAX_READERS = 10;

const unreadable = (uri: string, why: string): DaemonError =>
  new DaemonError('internal_error', `The file ${uri} cannot be read: ${why}.`);

/** Whether there is something at a path. */
const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A file that has so many bytes. @throws DaemonError `internal_error` */
async function readFileOf(path: string, uri: string, bytes: number): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size !== bytes) throw unreadable(uri, 'it has changed');
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** Reads skills in folders. Links to what is outside of the folder of the config file, or of the bundle, are refused. */
export function skillFolders({ base, bundles }: SkillFoldersOptions): SkillSource {
  const watched = watchSkills((path) => beside.load(path));
  const beside = folderReader(base, 'the folder of the config file', watched.seen);
  /** Of folders whose files may change. */
  const readers = new Map<string, FolderReader>();

  function readerOf(folder: string, digest: string | null): FolderReader {
    const found = readers.get(folder);
    if (found !== undefined) return found;
    const made = folderReader(folder, 'the bundle');
    if (digest !== null) return made; // the caller keeps what it reads
    if (readers.size >= MAX_READERS) readers.clear();
    readers.set(folder, made);
    return made;
  }

  async function inBundle(path: string, module: LinkBinding, partition: string): Promise<Skill> {
    if (bundles === undefined) throw new DaemonError('module_not_found', 'this server has no bundles');
    const { folders, digest } = await bundles.foldersOf(module, partition);
    let folder = folders[0] ?? '';
    for (const other of folders.slice(1)) if (!(await isThere(join(folder, path)))) folder = other;
    const skill = await readerOf(folder, digest).load(path);
    return { ...skill, bundle: { folder, digest } };
  }

  return {
    load({ path, module }: SkillReference, partition) {
      return module === undefined ? beside.load(path) : inBundle(path, module, partition);
    },
    watch: (listener) => ({ close: watched.add(listener) }),
    close: () => watched.close(),
    async read({ bundle }, { path, uri, size, digest }) {
      if (bundle === undefined) throw unreadable(uri, 'it is not in a bundle');
      try {
        const file = await realPathBelow(bundle.folder, path);
        if (file === undefined) throw unreadable(uri, 'it is outside of the bundle');
        const bytes = await readFileOf(file, uri, size);
        // Extracted files are not to be changed, but code of the bundle can do it.
        if (`sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest) throw unreadable(uri, 'it has changed');
        return bytes;
      } catch (error) {
        if (error instanceof DaemonError) throw error;
        throw unreadable(uri, codeOf(error) === 'ENOENT' ? 'it does not exist' : String(codeOf(error) ?? 'it failed'));
      }
    },
  };
}
