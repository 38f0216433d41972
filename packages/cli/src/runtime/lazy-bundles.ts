/**
 * Bundles for the daemon: nothing of them is loaded before a link needs one. For code in this process it is a source of modules, and
 * for runners it is a locator of code.
 */
import type { BundleLocator, CodeLocator, ErrorCode, LinkBinding, Logger, ModuleSource } from '@mcp-daemon/core';
import { DaemonError } from '@mcp-daemon/core';
import type { BundleChange, BundleProblem, BundleStore, BundleStoreOptions } from '@mcp-daemon/modules/bundle';

import type { Env } from '../settings/settings.js';
import type { BundleSettings } from './bundle-sources.js';

/** What {@link lazyBundles} takes. */
export interface LazyBundlesOptions {
  settings: BundleSettings;
  env: Env;
  logger: Logger;
  /** Finds the code of links with an empty source that are no bundles. */
  fallback: NonNullable<BundleStoreOptions['fallback']>;
  /** Called before each load of user code. */
  beforeCode?: (() => void) | undefined;
}

/** Code from bundles, opened at its first use. */
export interface LazyBundles extends ModuleSource, CodeLocator, BundleLocator {
  /** Calls the listener when a new version of a bundle in use is extracted. */
  watch(listener: (change: BundleChange) => void): void;
  /** Looks for new versions of the bundles in use now. Does nothing while no bundle was needed. */
  check(): Promise<void>;
  /** Bundles whose newest version is not used. Empty while no bundle was needed. */
  problems(): BundleProblem[];
  close(): Promise<void>;
}

/**
 * An error of this copy of the engine: the store of bundles is in another file of the build, with a copy of the classes of errors.
 * Such an error has the same name and code.
 */
function ownError(error: unknown): unknown {
  if (error instanceof DaemonError || !(error instanceof Error) || !('code' in error)) return error;
  const isOurs = error.name === 'DaemonError' || error.name === 'BundleRefusal';
  return isOurs ? new DaemonError(error.code as ErrorCode, error.message, { cause: error.cause }) : error;
}

/** Creates the bundles of the settings. */
export function lazyBundles({ settings, env, logger, fallback, beforeCode }: LazyBundlesOptions): LazyBundles {
  const { bucket, extractPath } = settings;
  const hasEmpty = bucket !== undefined || extractPath !== undefined;
  const listeners: ((change: BundleChange) => void)[] = [];
  let opening: Promise<BundleStore> | undefined;
  let opened: BundleStore | undefined;

  function store(): Promise<BundleStore> {
    opening ??= (async () => {
      const { openBundleStore } = await import('./bundle-store.js');
      opened = openBundleStore({ settings, env, logger, fallback });
      for (const listener of listeners) opened.watch(listener);
      return opened;
    })();
    return opening;
  }

  async function withStore<T>(work: (store: BundleStore) => Promise<T>): Promise<T> {
    try {
      return await work(await store());
    } catch (error) {
      throw ownError(error);
    }
  }

  return {
    accepts: ({ source }: LinkBinding) => source === 'zip' || source === 's3' || (source === '' && hasEmpty),
    async load(link, partition) {
      beforeCode?.();
      return withStore((bundles) => bundles.load(link, partition));
    },
    locate: (link, partition) => withStore((bundles) => bundles.locate(link, partition)),
    foldersOf: (link, partition) => withStore((bundles) => bundles.foldersOf(link, partition)),
    watch(listener) {
      listeners.push(listener);
      opened?.watch(listener);
    },
    check: async () => opened?.check(),
    problems: () => opened?.problems() ?? [],
    async close() {
      if (opening === undefined) return;
      await (await opening).close();
    },
  };
}
