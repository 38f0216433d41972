/** The newest version of one package in one partition: fetched, checked, extracted, and kept until a newer one works. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { BundleSource, Logger } from '@mcp-daemon/core';
import { bundleNameProblem, DaemonError, isObject } from '@mcp-daemon/core';

import { digestOf } from './contents.js';
import { messageOf } from './errors.js';
import { extractBundle, isFolder, pruneFolders, touchFolder } from './extract.js';
import { guardBundle } from './guard.js';
import type { BundleLimits } from './limits.js';
import { BundleRefusal } from './refusal.js';

/** A bundle that is ready to be used. */
export interface ExtractedBundle {
  /** SHA-256 of the archive. */
  digest: string;
  /** The folder with its files. */
  folder: string;
}

/** What all slots of a store share. */
export interface SlotOptions {
  /** The folder above all extracted bundles. */
  folder: string;
  limits: BundleLimits;
  /** How many versions of a package are kept per partition. */
  keep: number;
  /** How long one that is not used any more is kept in any case, in milliseconds. */
  unusedMs: number;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** What a slot is for. */
export interface SlotNames {
  source: BundleSource;
  name: string;
  partition: string;
  /** The digest that the config demands. */
  sha256: string | undefined;
}

/** A version that could not be used. */
interface Failed {
  version: string;
  error: unknown;
}

/** The folder of a partition: readable, and different for names that differ in upper and lower case alone. */
export function partitionFolder(partition: string): string {
  const readable = partition.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, 40);
  return `${readable}-${createHash('sha256').update(partition).digest('hex').slice(0, 8)}`;
}

/**
 * Where there is a package.json above the extracted bundles, it would decide how Node reads their .js files. An empty one ends the
 * search for it. It is not written where it is not needed: Node warns of a package.json without a type.
 */
async function endPackageSearch(folder: string): Promise<void> {
  for (let above = dirname(folder); ; above = dirname(above)) {
    if ((await stat(join(above, 'package.json')).catch(() => undefined)) !== undefined) {
      await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
      return;
    }
    if (above === dirname(above)) return;
  }
}

/** One package of one partition. */
export class BundleSlot {
  readonly names: SlotNames;
  readonly #options: SlotOptions;
  readonly #parent: string;
  #current: (ExtractedBundle & { version: string | undefined }) | undefined;
  #failed: Failed | undefined;
  #updating: Promise<void> | undefined;
  #isUnreachable = false;

  /** @throws DaemonError `module_not_found` if no bundle can have the package's name */
  constructor(names: SlotNames, options: SlotOptions) {
    const problem = bundleNameProblem(names.name);
    if (problem !== undefined)
      throw new DaemonError('module_not_found', `the package "${names.name}" cannot be a bundle: its name ${problem}`);
    this.names = names;
    this.#options = options;
    this.#parent = join(options.folder, partitionFolder(names.partition), names.name);
  }

  /** The bundle in use; undefined: none was needed yet. */
  get current(): ExtractedBundle | undefined {
    return this.#current;
  }

  /** Why the newest version is not used; undefined: it is. */
  get problem(): string | undefined {
    return this.#failed === undefined ? undefined : messageOf(this.#failed.error);
  }

  get #place(): string {
    return this.names.source.placeOf(this.names.name);
  }

  /** The file that names the version in use, for the next start. */
  get #pointer(): string {
    return join(this.#parent, 'current.json');
  }

  async #readPointer(): Promise<{ version: string; digest: string } | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#pointer, 'utf8'));
      if (!isObject(value)) return undefined;
      const { version, digest, place } = value;
      const { sha256 } = this.names;
      if (sha256 !== undefined && digest !== sha256) return undefined;
      const fits = typeof version === 'string' && typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
      return fits && place === this.#place ? { version, digest } : undefined;
    } catch {
      return undefined; // it only saves work
    }
  }

  async #writePointer(version: string, digest: string): Promise<void> {
    const part = `${this.#pointer}.${process.pid}`;
    await writeFile(part, JSON.stringify({ version, digest, place: this.#place }));
    await rename(part, this.#pointer);
  }

  async #use(digest: string, version: string | undefined): Promise<void> {
    const folder = join(this.#parent, digest);
    await touchFolder(folder);
    this.#current = { digest, folder, version };
  }

  /** Uses a bundle that was extracted before. @returns whether there is one */
  async #reuse(digest: string, version: string | undefined): Promise<boolean> {
    if (!(await isFolder(join(this.#parent, digest)))) return false;
    await this.#use(digest, version);
    return true;
  }

  /** A bundle that a push has replaced, by its digest. @returns undefined: it is not kept any more */
  async #fetchKept(sha256: string): Promise<Uint8Array | undefined> {
    const { source, name } = this.names;
    for (const { id } of await source.kept(name)) {
      const bytes = await source.fetchKept(name, id, this.#options.limits.archiveBytes);
      if (bytes !== null && (await digestOf(bytes)) === sha256) return bytes;
    }
    return undefined;
  }

  /** The newest bundle, or the one that the config demands. @throws DaemonError if it is not there */
  async #download(): Promise<{ bytes: Uint8Array; version: string; digest: string }> {
    const { source, name, sha256 } = this.names;
    const fetched = await source.fetch(name, this.#options.limits.archiveBytes);
    const digest = fetched === null ? undefined : await digestOf(fetched.bytes);
    if (fetched !== null && digest !== undefined && (sha256 === undefined || digest === sha256)) return { ...fetched, digest };
    const kept = sha256 === undefined ? undefined : await this.#fetchKept(sha256);
    if (kept !== undefined && sha256 !== undefined) return { bytes: kept, version: sha256, digest: sha256 };
    if (digest === undefined) throw this.#missing();
    const why = `it has the SHA-256 ${digest}, but the config demands ${sha256}, which is not among the replaced versions either`;
    throw new BundleRefusal('digest', why, undefined, this.#place);
  }

  /** Fetches, checks and extracts the newest bundle. @throws DaemonError */
  async #fetch(): Promise<void> {
    const { name, sha256 } = this.names;
    const { folder, limits, keep, unusedMs } = this.#options;
    const fetched = await this.#download();
    const { digest } = fetched;
    if (!(await this.#reuse(digest, fetched.version))) {
      const bundle = await guardBundle(fetched.bytes, limits);
      for (const note of bundle.notes) this.#options.logger.warn({ bundle: name }, `${this.#place}: ${note}`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await endPackageSearch(folder);
      await extractBundle(bundle, join(this.#parent, digest));
      await this.#use(digest, fetched.version);
    }
    if (sha256 === undefined) await this.#writePointer(fetched.version, digest);
    await pruneFolders(this.#parent, { keep, unusedMs, used: new Set([digest]) });
  }

  #missing(): DaemonError {
    const { name, source } = this.names;
    const push = `push it with "mcp-daemon bundle push ${name}.zip"`;
    return new DaemonError('module_not_found', `there is no bundle ${source.placeOf(name)}: ${push}`);
  }

  /** Fetches a version, and remembers if it cannot be used. @throws DaemonError */
  async #update(version: string): Promise<void> {
    try {
      await this.#fetch();
      this.#failed = undefined;
    } catch (thrown) {
      const error = thrown instanceof BundleRefusal ? thrown.of(this.#place) : thrown;
      // What is wrong with the archive itself does not change before the archive does. Other failures may pass.
      this.#failed = { version, error };
      throw error;
    }
  }

  /** Runs one update at a time. */
  #updateOnce(version: string): Promise<void> {
    this.#updating ??= this.#update(version).finally(() => {
      this.#updating = undefined;
    });
    return this.#updating;
  }

  /** Uses what the last process has extracted, without asking for its contents. */
  async #useKnown(version: string): Promise<boolean> {
    const pointer = await this.#readPointer();
    return pointer?.version === version && (await this.#reuse(pointer.digest, version));
  }

  async #versionNow(): Promise<string | undefined> {
    const { source, name } = this.names;
    try {
      const version = await source.version(name);
      this.#isUnreachable = false;
      if (version === null) throw this.#missing();
      return version;
    } catch (error) {
      const pointer = this.#current ?? (await this.#readPointer());
      const isKnown = pointer !== undefined && (this.#current !== undefined || (await this.#reuse(pointer.digest, undefined)));
      if (!isKnown) throw error;
      if (!this.#isUnreachable) {
        const what =
          'the source of a bundle cannot be read, or the bundle is gone; still using the version that was fetched last';
        this.#options.logger.warn({ bundle: name, error: messageOf(error) }, `${what}: ${messageOf(error)}`);
      }
      this.#isUnreachable = true;
      return undefined;
    }
  }

  /**
   * The newest bundle. If the newest version cannot be used, the one before.
   *
   * @throws DaemonError `module_not_found`, `module_failed`, `store_failed` or `store_busy` if there is none that can be used
   */
  async newest(): Promise<ExtractedBundle> {
    const { sha256 } = this.names;
    if (this.#current === undefined && sha256 !== undefined) await this.#reuse(sha256, undefined);
    if (sha256 !== undefined && this.#current !== undefined) return this.#current;
    await this.check();
    return this.#current as ExtractedBundle;
  }

  /**
   * Looks whether there is a newer version, and fetches it.
   *
   * @param known the present version, if the caller knows it
   * @returns whether another digest is in use now
   * @throws DaemonError if there is no bundle that can be used
   */
  async check(known?: string): Promise<boolean> {
    const before = this.#current;
    const version = known ?? (await this.#versionNow());
    if (version === undefined || version === before?.version) return false;
    if (this.#failed?.version === version && this.#failed.error instanceof BundleRefusal) {
      if (before === undefined) throw this.#failed.error;
      return false;
    }
    if (before === undefined && (await this.#useKnown(version))) return true;
    const isNew = this.#failed?.version !== version;
    try {
      await this.#updateOnce(version);
    } catch (error) {
      if (before === undefined) throw error;
      const what = 'a new version of a bundle cannot be used; still using the one before';
      if (isNew) this.#options.logger.error({ bundle: this.names.name, error: messageOf(error) }, `${what}: ${messageOf(error)}`);
      return false;
    }
    return this.#current?.digest !== before?.digest;
  }

  /** Marks the bundle in use as used, so that no other process removes it. Its folder may have been removed by hand. */
  async touch(): Promise<void> {
    if (this.#current === undefined) return;
    try {
      await touchFolder(this.#current.folder);
    } catch {
      this.#current = undefined; // the next use fetches it again
    }
  }
}
