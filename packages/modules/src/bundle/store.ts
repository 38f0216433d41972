/**
 * Code from bundles, for links with the source `zip` or `s3`, and for the empty source that the Python engine's imports write: a
 * package that is extracted already, else one in the bucket, else a file or an installed package.
 */
import { join, resolve } from 'node:path';

import type {
  BundleLocator,
  BundleSource,
  CodeLocation,
  CodeLocator,
  LinkBinding,
  LoadedModule,
  Logger,
  ModuleSource,
} from '@mcp-daemon/core';
import { bundleNameProblem, DaemonError, mergeExports } from '@mcp-daemon/core';

import { realPath, statOf } from '../files.js';
import { filesOf } from '../graph.js';
import { loadFile } from '../load.js';
import { messageOf } from './errors.js';
import { cacheFolder } from './extract.js';
import type { CodeNames } from './find-code.js';
import { findCode, rootsOf } from './find-code.js';
import type { BundleLimits } from './limits.js';
import { withDefaultLimits } from './limits.js';
import type { BundleChange } from './polling.js';
import { createPolling } from './polling.js';
import { BundleSlot } from './slot.js';

/** What {@link bundleStore} takes. */
export interface BundleStoreOptions {
  /** The sources of bundles, such as {@link folderSource}. The store closes them. */
  sources: readonly BundleSource[];
  /** The folder in which bundles are extracted. It is created. */
  folder: string;
  /** FUNCT_EXTRACT_PATH: where links with an empty source find packages that the Python engine, or an operator, has extracted. */
  extracted?: string;
  limits?: Partial<BundleLimits>;
  /** Milliseconds between two looks for new versions, while {@link BundleStore.watch} is on. Default 10,000. */
  checkMs?: number;
  /** How many extracted versions of a package are kept per partition. One that was used in the last hour is kept as well. Default 3. */
  keep?: number;
  /** Milliseconds after its last use from which on an old version may be removed. Default an hour. */
  unusedMs?: number;
  /** What finds the code of links with an empty source that are no bundles. Default: they are not found. */
  fallback?: Partial<Pick<ModuleSource, 'load'> & Pick<CodeLocator, 'locate'>>;
  logger?: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** A bundle whose newest version cannot be used. */
export interface BundleProblem {
  readonly name: string;
  readonly partition: string;
  /** One sentence. */
  readonly problem: string;
}

/**
 * Finds and loads code in bundles. `load` is for Node alone, in this process; `locate` is for every language; `foldersOf` is for files
 * that are no code.
 */
export interface BundleStore extends ModuleSource, CodeLocator, BundleLocator {
  /** Looks for new versions of the bundles in use, and calls the listener when one is extracted. Its errors are logged. */
  watch(listener: (change: BundleChange) => void): { close(): void };
  /** Looks for new versions now. Resolves when all are extracted and announced. */
  check(): Promise<void>;
  /** The bundles whose newest version is not used, because it was refused or could not be loaded. */
  problems(): BundleProblem[];
  close(): Promise<void>;
}

const SILENT: Pick<Logger, 'info' | 'warn' | 'error'> = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const HOUR_MS = 3_600_000;
/** How an operator makes a source known. */
const NEEDED: Readonly<Record<string, string>> = { zip: 'FUNCT_ZIP_PATH', s3: 'FUNCT_BUCKET_NAME' };

/** The code that was loaded last for a module, and works. */
interface Working {
  digest: string | null;
  module: LoadedModule;
}

/** Creates a store of bundles. Nothing is read before the first link needs it. @throws DaemonError `usage` for a wrong limit */
export function bundleStore(options: BundleStoreOptions): BundleStore {
  const { sources, extracted, fallback = {}, checkMs = 10_000, keep = 3, unusedMs = HOUR_MS, logger = SILENT } = options;
  const shared = { folder: resolve(options.folder), limits: withDefaultLimits(options.limits), keep, unusedMs, logger };
  const slots = new Map<string, BundleSlot>();
  /** By slot and module. */
  const working = new Map<string, Working>();
  const failures = new Map<string, BundleProblem>();
  const bySource = new Map(sources.map((source) => [source.source, source]));
  const bucket = bySource.get('s3');

  /** The source of a link. @throws DaemonError `module_not_found` if it is not set up */
  function sourceOf({ source, module_name: module }: LinkBinding): BundleSource {
    const found = bySource.get(source ?? '');
    if (found !== undefined) return found;
    throw new DaemonError(
      'module_not_found',
      `module "${module}" is in a bundle (source "${source}"): set ${NEEDED[source ?? ''] ?? 'its source'}, so that it can be found`,
    );
  }

  function slotOf(source: BundleSource, { package_name: name, sha256 }: LinkBinding, partition: string): BundleSlot {
    const key = JSON.stringify([source.source, name, partition, sha256]);
    const before = slots.get(key);
    if (before !== undefined) return before;
    const slot = new BundleSlot({ source, name, partition, sha256 }, shared);
    slots.set(key, slot);
    return slot;
  }

  /** The folder of packages that are extracted already, if the module of an empty source is in it. */
  function extractedRoot({ source, module_name: module }: LinkBinding): string | undefined {
    if (extracted === undefined || source !== '') return undefined;
    const root = resolve(extracted);
    const [top = ''] = module.split(/[./]/);
    const isThere = [top, `${top}.py`, `${top}.js`].some((name) => name !== '' && statOf(join(root, name)) !== undefined);
    return isThere ? root : undefined;
  }

  /** The code of an empty source that is extracted already. */
  function alreadyExtracted(link: LinkBinding): CodeLocation | undefined {
    const root = extractedRoot(link);
    return root === undefined ? undefined : { ...findCode(root, link, root), digest: null };
  }

  /** The bundle of a link; undefined: an empty source that is no bundle. */
  async function bundleOf(link: LinkBinding, partition: string): Promise<BundleSlot | undefined> {
    if (link.source !== '') return slotOf(sourceOf(link), link, partition);
    if (bucket === undefined) return undefined;
    const { package_name: name } = link;
    if (bundleNameProblem(name) !== undefined) return undefined;
    try {
      if ((await bucket.version(name)) === null) return undefined;
    } catch {
      // The slot may know the bundle from before; else it fails in the same way.
    }
    return slotOf(bucket, link, partition);
  }

  /** @throws DaemonError `module_not_found` */
  function nothingFound({ module_name: module, package_name: name }: LinkBinding): DaemonError {
    const places = [
      ...(extracted === undefined ? [] : [join(resolve(extracted), module)]),
      ...(bucket === undefined ? [] : [bucket.placeOf(name)]),
    ];
    return new DaemonError('module_not_found', `module "${module}" not found: looked for ${places.join(' and ')}`);
  }

  async function locate(link: LinkBinding, partition: string): Promise<CodeLocation> {
    const there = alreadyExtracted(link);
    if (there !== undefined) return there;
    const slot = await bundleOf(link, partition);
    if (slot === undefined) {
      if (fallback.locate === undefined) throw nothingFound(link);
      return fallback.locate(link, partition);
    }
    const { digest, folder } = await slot.newest();
    return { ...findCode(folder, link, slot.names.source.placeOf(link.package_name)), cache: cacheFolder(folder), digest };
  }

  /** Loads located code into this process. @throws DaemonError */
  async function loadLocated(link: CodeNames, { runtime, root, file, digest }: CodeLocation): Promise<LoadedModule> {
    if (runtime !== 'node' || file === null)
      throw new DaemonError(
        'module_failed',
        `module "${link.module_name}" is written in Python, which does not run in this process: its isolation must be "process"`,
      );
    const path = realPath(file);
    const explain = async (cause: unknown) => {
      const { failureOf } = await import('../failure.js');
      return failureOf(root, link, path, () => filesOf(path), cause);
    };
    const namespace = await loadFile(path, explain, (message) => logger.warn({ module: link.module_name }, message));
    return { exports: mergeExports(namespace), digest };
  }

  /** Loads a module; if its newest code cannot be loaded, the code before, if that worked. */
  async function load(link: LinkBinding, partition: string): Promise<LoadedModule> {
    const { source, package_name: name, module_name: module, sha256 } = link;
    const isBundle = alreadyExtracted(link) !== undefined || (await bundleOf(link, partition)) !== undefined;
    if (!isBundle && fallback.load !== undefined) return fallback.load(link, partition);
    const key = JSON.stringify([source, name, module, partition, sha256]);
    const before = working.get(key);
    let digest: string | null = null;
    try {
      const located = await locate(link, partition);
      ({ digest } = located);
      const loaded = await loadLocated(link, located);
      working.set(key, { digest, module: loaded });
      failures.delete(key);
      return loaded;
    } catch (error) {
      // Without a digest it is not known whether anything has changed.
      if (before === undefined || digest === null || before.digest === digest) throw error;
      if (!failures.has(key)) {
        const what = `the new version of the bundle "${name}" cannot be loaded; still running the one before`;
        logger.error({ bundle: name, digest, error: messageOf(error) }, `${what}: ${messageOf(error)}`);
      }
      failures.set(key, { name, partition, problem: messageOf(error) });
      return before.module;
    }
  }

  const polling = createPolling({ slots: () => slots.values(), checkMs, logger });

  return {
    accepts: ({ source }) =>
      source === 'zip' || source === 's3' || (source === '' && (extracted !== undefined || bucket !== undefined)),
    load,
    locate,
    async foldersOf(link, partition) {
      const root = extractedRoot(link);
      if (root !== undefined) return { folders: [root], digest: null };
      const slot = await bundleOf(link, partition);
      if (slot === undefined) throw nothingFound(link);
      const { digest, folder } = await slot.newest();
      return { folders: rootsOf(folder), digest };
    },
    watch: (listener) => polling.watch(listener),
    check: () => polling.check(),
    problems() {
      const refused = [...slots.values()].flatMap(({ names: { name, partition }, problem }) =>
        problem === undefined ? [] : [{ name, partition, problem }],
      );
      return [...refused, ...failures.values()];
    },
    async close() {
      await polling.close();
      for (const source of sources) await source.close?.();
    },
  };
}
