/** Opens the store of bundles. A file of its own in the command's build: it is loaded when the first bundle is needed. */
import { resolve } from 'node:path';

import type { Logger } from '@mcp-daemon/core';
import type { BundleStore, BundleStoreOptions } from '@mcp-daemon/modules/bundle';
import { bundleStore } from '@mcp-daemon/modules/bundle';

import type { Env } from '../settings/settings.js';
import type { BundleSettings } from './bundle-sources.js';
import { bundleLimits, bundleSources, extractFolder } from './bundle-sources.js';

/** What {@link openBundleStore} takes. */
export interface OpenBundleStoreOptions {
  settings: BundleSettings;
  env: Env;
  logger: Logger;
  /** Finds the code of links with an empty source that are no bundles. */
  fallback: NonNullable<BundleStoreOptions['fallback']>;
}

/** Opens the store. Nothing is read yet. @throws Error if the user has no home folder, and no folder is set */
export function openBundleStore({ settings, env, logger, fallback }: OpenBundleStoreOptions): BundleStore {
  const { extractPath, bundleCheckMs: checkMs, bundleKeep: keep } = settings;
  return bundleStore({
    ...{ sources: bundleSources(settings, env), folder: extractFolder(settings, env), checkMs, keep, logger, fallback },
    limits: bundleLimits(settings),
    ...(extractPath === undefined ? {} : { extracted: resolve(extractPath) }),
  });
}
