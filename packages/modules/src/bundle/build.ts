/** Makes a bundle of a folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Collected } from './collect.js';
import { collect, readCollected } from './collect.js';
import { digestOf } from './contents.js';
import { codeOf } from './errors.js';
import type { GuardedBundle } from './guard.js';
import { guardBundle } from './guard.js';
import { leaveOut, patternsOf } from './left-out.js';
import type { BundleLimits } from './limits.js';
import { withDefaultLimits } from './limits.js';
import { BundleRefusal } from './refusal.js';
import type { ZipEntry } from './zip-writer.js';
import { writeZip } from './zip-writer.js';

/** What {@link buildBundle} takes. */
export interface BuildOptions {
  /** Patterns of what is left out, besides what is always left out and what the folder's `.bundleignore` names. */
  exclude?: readonly string[];
  /** Paths in the folder that are left out, such as the archive that is written. */
  except?: readonly string[];
  limits?: Partial<BundleLimits>;
  /** Called with the number of files that were read, and of all files. */
  progress?: (done: number, total: number) => void;
}

/** A bundle that was made. */
export interface BuiltBundle {
  bytes: Buffer;
  /** SHA-256 of the bytes. */
  digest: string;
  bundle: GuardedBundle;
  /** Paths that were left out. A folder ends with `/`. */
  leftOut: readonly string[];
}

const [FILE, EXECUTABLE, FOLDER, LINK] = [0o100644, 0o100755, 0o040755, 0o120777];

async function entryOf(folder: string, collected: Collected): Promise<ZipEntry> {
  const { path: name, kind } = collected;
  if (kind === 'folder') return { name: `${name}/`, mode: FOLDER, content: Buffer.alloc(0) };
  if (kind === 'link') return { name, mode: LINK, content: Buffer.from(collected.target, 'utf8') };
  return { name, mode: collected.isExecutable ? EXECUTABLE : FILE, content: await readCollected(folder, collected) };
}

/** @throws BundleRefusal before anything is read, if there is too much */
function checkSize(entries: readonly Collected[], { entries: most, extractedBytes }: BundleLimits): void {
  if (entries.length > most) throw new BundleRefusal('too_many', `has ${entries.length} entries: ${most} are allowed`);
  const size = entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
  if (size > extractedBytes) throw new BundleRefusal('too_large', `has ${size} bytes of files: ${extractedBytes} are allowed`);
}

/** The patterns of a folder's `.bundleignore`. */
async function ignoredBy(folder: string): Promise<string[]> {
  try {
    return patternsOf(await readFile(join(folder, '.bundleignore'), 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Makes a bundle of a folder. The same files make the same bytes, on every machine with the same version of zlib: entries are sorted,
 * have no times, and of modes only the executable bit. The result has passed the guard.
 *
 * @throws BundleRefusal for what no bundle may have, such as a link out of the folder; errors of the file system
 */
export async function buildBundle(folder: string, options: BuildOptions = {}): Promise<BuiltBundle> {
  const { exclude = [], except = [], progress } = options;
  const limits = withDefaultLimits(options.limits);
  const byPattern = leaveOut([...exclude, ...(await ignoredBy(folder))]);
  const { entries, leftOut } = await collect(folder, (path) => except.includes(path) || byPattern(path));
  checkSize(entries, limits);
  async function* read(): AsyncGenerator<ZipEntry> {
    for (const [index, entry] of entries.entries()) {
      yield await entryOf(folder, entry);
      progress?.(index + 1, entries.length);
    }
  }
  const bytes = await writeZip(read());
  const bundle = await guardBundle(bytes, limits);
  return { bytes, digest: await digestOf(bytes), bundle, leftOut: leftOut.filter((path) => !except.includes(path)) };
}
