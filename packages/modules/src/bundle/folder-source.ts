/** Bundles in a folder: `FUNCT_ZIP_PATH/<package_name>.zip`. */
import { randomUUID } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { BundleSource, FetchedBundle, KeptBundle } from '@mcp-daemon/core';
import { bundleNameProblem, DaemonError, newKeptId, timeOfKeptId } from '@mcp-daemon/core';

import { codeOf, messageOf } from './errors.js';

/** What {@link folderSource} takes. */
export interface FolderSourceOptions {
  /** The folder: FUNCT_ZIP_PATH. `push` creates it. */
  folder: string;
  /** How many replaced bundles are kept. Default 5. */
  keep?: number;
}

const ENDING = '.zip';
/** Where replaced bundles are kept: a folder for each package. */
const VERSIONS = '.versions';
const CHUNK = 1024 * 1024;
/** A file that is written while it is read is read again, so many times. */
const ATTEMPTS = 5;
const PAUSE_MS = 50;

function failed(what: string, cause: unknown): DaemonError {
  if (cause instanceof DaemonError) return cause;
  return new DaemonError('store_failed', `${what}: ${messageOf(cause)}`, { cause });
}

const versionOf = ({ ino, size, mtimeNs }: BigIntStats): string => `${ino}-${size}-${mtimeNs}`;

/** A file's bytes, which did not change while they were read; undefined: they did. */
async function readStill(file: FileHandle, before: BigIntStats): Promise<Buffer | undefined> {
  const bytes = await file.readFile();
  const after = await file.stat({ bigint: true });
  return versionOf(after) === versionOf(before) && BigInt(bytes.length) === before.size ? bytes : undefined;
}

/** Creates the source `zip`. Nothing is read before the first question. */
export function folderSource({ folder: given, keep = 5 }: FolderSourceOptions): BundleSource {
  const folder = resolve(given);
  const versions = (name: string): string => join(folder, VERSIONS, name);

  function pathOf(name: string): string {
    const problem = bundleNameProblem(name);
    if (problem !== undefined)
      throw new DaemonError('usage', `the name of a bundle ${problem}: ${JSON.stringify(name.slice(0, 100))}`);
    return join(folder, name + ENDING);
  }

  /** Reads a file. @returns null: there is none */
  async function read(path: string, maxBytes: number): Promise<FetchedBundle | null> {
    for (let attempt = 1; ; attempt++) {
      let file: FileHandle;
      try {
        file = await open(path, 'r');
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw failed(`cannot read ${path}`, error);
      }
      try {
        const before = await file.stat({ bigint: true });
        if (before.size > BigInt(maxBytes))
          throw new DaemonError('module_failed', `${path} has ${before.size} bytes: ${maxBytes} are allowed`);
        const bytes = await readStill(file, before);
        if (bytes !== undefined) return { bytes, version: versionOf(before) };
      } catch (error) {
        throw failed(`cannot read ${path}`, error);
      } finally {
        await file.close();
      }
      if (attempt === ATTEMPTS) throw new DaemonError('store_busy', `${path} is being written: try again later`);
      await sleep(PAUSE_MS * attempt);
    }
  }

  async function statOf(path: string): Promise<BigIntStats | undefined> {
    try {
      const found = await stat(path, { bigint: true });
      return found.isFile() ? found : undefined;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw failed(`cannot read ${path}`, error);
    }
  }

  async function namesIn(path: string): Promise<string[]> {
    try {
      return (await readdir(path)).sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw failed(`cannot read ${path}`, error);
    }
  }

  async function keptIds(name: string): Promise<string[]> {
    const names = await namesIn(versions(name));
    const ids = names.filter((file) => file.endsWith(ENDING)).map((file) => file.slice(0, -ENDING.length));
    return ids.filter((id) => timeOfKeptId(id) !== undefined).reverse();
  }

  /** Keeps the present bundle as an old version: by another name of the same file, so that there is always one in its place. */
  async function keepPresent(name: string, path: string): Promise<void> {
    if ((await statOf(path)) === undefined) return;
    await mkdir(versions(name), { recursive: true });
    try {
      await link(path, join(versions(name), newKeptId() + ENDING));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error; // it was removed meanwhile
    }
    for (const id of (await keptIds(name)).slice(keep)) await rm(join(versions(name), id + ENDING), { force: true });
  }

  async function write(path: string, bytes: Uint8Array, progress: (bytes: number) => void): Promise<void> {
    const file = await open(path, 'wx');
    try {
      for (let at = 0; at < bytes.length; at += CHUNK) {
        const part = bytes.subarray(at, at + CHUNK);
        await file.writeFile(part);
        progress(at + part.length);
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }

  return {
    source: 'zip',
    placeOf: (name) => join(folder, name + ENDING),
    async version(name) {
      const found = await statOf(pathOf(name));
      return found === undefined ? null : versionOf(found);
    },
    fetch: async (name, maxBytes) => read(pathOf(name), maxBytes),
    async push(name, bytes, progress = () => undefined) {
      const path = pathOf(name);
      const part = join(folder, `.${name}.${randomUUID()}.part`);
      try {
        await mkdir(folder, { recursive: true });
        await write(part, bytes, progress);
        await keepPresent(name, path);
        await rename(part, path);
        return versionOf(await stat(path, { bigint: true }));
      } catch (error) {
        await rm(part, { force: true });
        throw failed(`cannot write ${path}`, error);
      }
    },
    async *list() {
      for (const file of await namesIn(folder)) {
        const name = file.slice(0, -ENDING.length);
        if (!file.endsWith(ENDING) || bundleNameProblem(name) !== undefined) continue;
        const found = await statOf(join(folder, file));
        if (found === undefined) continue;
        yield { name, version: versionOf(found), size: Number(found.size), modified: found.mtime.toISOString() };
      }
    },
    async kept(name) {
      pathOf(name);
      const kept: KeptBundle[] = [];
      for (const id of await keptIds(name)) {
        const found = await statOf(join(versions(name), id + ENDING));
        const replaced = timeOfKeptId(id);
        if (found !== undefined && replaced !== undefined) kept.push({ id, size: Number(found.size), replaced });
      }
      return kept;
    },
    async fetchKept(name, id, maxBytes) {
      pathOf(name);
      if (timeOfKeptId(id) === undefined) return null;
      return (await read(join(versions(name), id + ENDING), maxBytes))?.bytes ?? null;
    },
  };
}
