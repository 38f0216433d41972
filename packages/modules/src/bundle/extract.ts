/** Extracts a bundle into a folder, whole or not at all. */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { DaemonError } from '@mcp-daemon/core';

import { readContent } from './contents.js';
import { codeOf, messageOf } from './errors.js';
import type { BundleFile, GuardedBundle } from './guard.js';
import { onceAmongProcesses } from './lock.js';
import { BundleRefusal } from './refusal.js';

const [PLAIN, EXECUTABLE] = [0o644, 0o755];
const WRITES_AT_ONCE = 8;
/** Between the name of a folder and what makes it unique, while it is made or removed. */
const UNFINISHED = '.part-';
const CACHE = '.cache';
/** Milliseconds after which an unfinished folder belongs to a process that has ended. */
const ABANDONED_MS = 600_000;

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'a path is too long for the file system',
};

/** The error for a bundle that cannot be written. */
function cannotExtract(target: string, cause: unknown): DaemonError {
  if (cause instanceof DaemonError) return cause;
  const why = REASONS[String(codeOf(cause))] ?? messageOf(cause);
  return new DaemonError('module_failed', `the bundle cannot be extracted into ${dirname(target)}: ${why}`, { cause });
}

/** Whether a path is a folder. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}

async function writeFiles({ bytes, files }: GuardedBundle, folder: string): Promise<void> {
  const left = files.values();
  let failed = false;
  const write = async ({ path, isExecutable, ...file }: BundleFile): Promise<void> => {
    const content = await readContent(bytes, file);
    await writeFile(join(folder, path), content, { flag: 'wx', mode: isExecutable ? EXECUTABLE : PLAIN });
  };
  const work = async (): Promise<void> => {
    for (let next = left.next(); !next.done && !failed; next = left.next()) {
      try {
        await write(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: WRITES_AT_ONCE }, work));
  // All have ended, so that nothing is written into a folder that is being removed. What is wrong with the bundle comes first.
  const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
  const [first] = reasons;
  if (first !== undefined) throw reasons.find((reason) => reason instanceof BundleRefusal) ?? first;
}

async function writeTree(bundle: GuardedBundle, folder: string): Promise<void> {
  for (const path of bundle.folders) await mkdir(join(folder, path));
  await writeFiles(bundle, folder);
  // Last, so that no file is written through a link.
  for (const { path, target } of bundle.links) await symlink(target, join(folder, path));
}

/** Renames an extracted folder into place. One that is there already is the same: its name is its digest. */
async function putInPlace(from: string, target: string): Promise<void> {
  try {
    await rename(from, target);
  } catch (error) {
    if (!(await isFolder(target))) throw error;
    await rm(from, { recursive: true, force: true });
  }
}

/**
 * Extracts a bundle, unless that was done already. Processes that want the same at the same time wait for one of them.
 *
 * @param target the folder to be made. The folders above it are created, for the current user alone
 * @throws BundleRefusal if the contents of a file are not what the archive says, DaemonError `module_failed` if they cannot be
 *   written. Nothing is left behind then
 */
export async function extractBundle(bundle: GuardedBundle, target: string): Promise<void> {
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await onceAmongProcesses(
      `${target}.lock`,
      () => isFolder(target),
      async () => {
        const folder = `${target}${UNFINISHED}${randomUUID()}`;
        try {
          await mkdir(folder);
          await writeTree(bundle, folder);
          await putInPlace(folder, target);
        } catch (error) {
          await rm(folder, { recursive: true, force: true });
          throw error;
        }
      },
    );
  } catch (error) {
    throw cannotExtract(target, error);
  }
}

/** Marks an extracted folder as used, so that it is not removed soon. */
export async function touchFolder(folder: string): Promise<void> {
  const now = new Date();
  await utimes(folder, now, now);
}

/** The folder beside an extracted bundle in which runtimes keep its compiled code. It is removed with the bundle. */
export const cacheFolder = (folder: string): string => `${folder}${CACHE}`;

/** What {@link pruneFolders} keeps. */
export interface PruneOptions {
  /** How many folders are kept: those that were used last. */
  keep: number;
  /** Folders that were used within this time, in milliseconds, are kept as well: other processes may run their code. */
  unusedMs: number;
  /** Names of folders that are kept in any case. */
  used: ReadonlySet<string>;
}

/**
 * Removes old versions of a bundle, and what processes that have ended left unfinished.
 *
 * @param parent the folder with one folder per digest
 * @returns the names of the versions that were removed
 */
export async function pruneFolders(parent: string, { keep, unusedMs, used }: PruneOptions): Promise<string[]> {
  const found: { name: string; at: number }[] = [];
  const names = await readdir(parent);
  for (const name of names) {
    const at = (await stat(join(parent, name)).catch(() => undefined))?.mtimeMs;
    if (at === undefined) continue;
    if (/^[0-9a-f]{64}$/.test(name)) found.push({ name, at });
    else if (name.includes(UNFINISHED) && Date.now() - at > ABANDONED_MS) await remove(join(parent, name));
    else if (name.endsWith(CACHE) && !names.includes(name.slice(0, -CACHE.length))) await remove(join(parent, name));
  }
  const old = found
    .sort((a, b) => b.at - a.at)
    .slice(keep)
    .filter(({ name, at }) => !used.has(name) && Date.now() - at > unusedMs);
  for (const { name } of old) {
    const aside = join(parent, `${basename(name)}${UNFINISHED}${randomUUID()}`);
    // Renamed first, so that nobody finds half of it.
    await rename(join(parent, name), aside);
    await remove(aside);
    await remove(cacheFolder(join(parent, name)));
  }
  return old.map(({ name }) => name);
}

const remove = (path: string): Promise<void> => rm(path, { recursive: true, force: true });
