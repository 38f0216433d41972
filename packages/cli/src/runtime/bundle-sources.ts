/** The sources of bundles that the settings name. What reads a bucket is loaded when the bucket is first read. */
import { join, resolve } from 'node:path';

import type { BundleSource } from '@mcp-daemon/core';
import type { BundleLimits } from '@mcp-daemon/modules/bundle';
import { folderSource } from '@mcp-daemon/modules/bundle';

import { dataDir } from '../settings/paths.js';
import type { Env, Settings } from '../settings/settings.js';

/** The settings that bundles need. */
export type BundleSettings = Pick<
  Settings,
  | ('zipPath' | 'extractPath' | 'dataDir' | 'bucket' | 's3Endpoint' | 'region')
  | ('bundleCheckMs' | 'bundleKeep' | 'bundleMaxBytes' | 'bundleMaxExtractedBytes' | 'bundleMaxEntries' | 'bundleMaxRatio')
>;

/** The bounds in the settings. */
export const bundleLimits = (settings: BundleSettings): BundleLimits => ({
  archiveBytes: settings.bundleMaxBytes,
  fileBytes: settings.bundleMaxBytes,
  extractedBytes: settings.bundleMaxExtractedBytes,
  entries: settings.bundleMaxEntries,
  ratio: settings.bundleMaxRatio,
});

/** The folder in which bundles are extracted. @throws Error if the user has no home folder, and no folder is set */
export function extractFolder(settings: BundleSettings, env: Env): string {
  // Of the engine's folder the name is hidden, so that it is never taken for a package.
  return settings.extractPath === undefined
    ? join(dataDir(settings, env), 'bundles')
    : join(resolve(settings.extractPath), '.bundles');
}

/** A source that is opened at its first use. An opening that fails is repeated. */
function lazyBucket(bucket: string, open: () => Promise<BundleSource>): BundleSource {
  let opening: Promise<BundleSource> | undefined;
  function source(): Promise<BundleSource> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }
  return {
    source: 's3',
    placeOf: (name) => `s3://${bucket}/${name}.zip`,
    version: async (name) => (await source()).version(name),
    fetch: async (name, maxBytes) => (await source()).fetch(name, maxBytes),
    push: async (name, bytes, progress) => (await source()).push(name, bytes, progress),
    async *list() {
      yield* (await source()).list();
    },
    kept: async (name) => (await source()).kept(name),
    fetchKept: async (name, id, maxBytes) => (await source()).fetchKept(name, id, maxBytes),
    async uploadUrl(name, seconds) {
      const { uploadUrl } = await source();
      if (uploadUrl === undefined) throw new Error('the bucket has no URLs for uploads');
      return uploadUrl(name, seconds);
    },
    async close() {
      await (await opening)?.close?.();
    },
  };
}

/** The bucket, if the settings name one. */
export function bucketSource(settings: BundleSettings, env: Env): BundleSource | undefined {
  const { bucket, bundleKeep: keep } = settings;
  if (bucket === undefined) return undefined;
  return lazyBucket(bucket, async () => {
    const { openAwsBundles } = await import('./aws-bundles.js');
    return openAwsBundles({ ...settings, bucket }, env, keep);
  });
}

/** All sources that the settings name. */
export function bundleSources(settings: BundleSettings, env: Env): BundleSource[] {
  const { zipPath, bundleKeep: keep } = settings;
  const bucket = bucketSource(settings, env);
  return [...(zipPath === undefined ? [] : [folderSource({ folder: zipPath, keep })]), ...(bucket === undefined ? [] : [bucket])];
}
