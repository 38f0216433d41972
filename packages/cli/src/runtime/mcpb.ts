/** Opens `.mcpb` bundles: servers in zip archives. A file of its own in the command's build: only mounts of bundles load it. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { GuardedBundle } from '@mcp-daemon/modules/bundle';
import {
  BundleRefusal,
  digestOf,
  extractBundle,
  guardBundle,
  pruneFolders,
  readContent,
  touchFolder,
} from '@mcp-daemon/modules/bundle';
import type { ExtractedBundle, McpbManifest } from '@mcp-daemon/mount';
import { readManifest } from '@mcp-daemon/mount';

import { messageOf } from '../errors.js';
import type { Env } from '../settings/settings.js';
import type { BundleSettings } from './bundle-sources.js';
import { bundleLimits, extractFolder } from './bundle-sources.js';

const MANIFEST = 'manifest.json';
const MAX_MANIFEST_BYTES = 10_000_000;
/** Versions of one bundle that stay extracted, and how long a version stays that is not used. */
const KEEP = 3;
const UNUSED_MS = 30 * 24 * 60 * 60_000;

/** A bundle that has passed the guard. */
export interface ReadMcpb {
  readonly bundle: GuardedBundle;
  readonly manifest: McpbManifest;
}

/**
 * Reads a bundle, and writes nothing.
 *
 * @param file its path
 * @throws Error that says what is wrong with it, without its path
 */
export async function readMcpb(file: string, settings: BundleSettings): Promise<ReadMcpb> {
  const limits = bundleLimits(settings);
  const name = basename(file);
  let bytes: Buffer;
  try {
    // Before it is read: a file that is too large would fill the memory.
    if ((await stat(file)).size > limits.archiveBytes)
      throw new Error(`it has more than ${limits.archiveBytes} bytes (BUNDLE_MAX_BYTES)`);
    bytes = await readFile(file);
  } catch (error) {
    throw new Error(`the bundle ${name} cannot be read: ${messageOf(error)}`, { cause: error });
  }
  try {
    const bundle = await guardBundle(bytes, limits);
    const manifest = bundle.files.get(MANIFEST);
    if (manifest === undefined) throw new Error(`has no ${MANIFEST}: it is no .mcpb bundle`);
    if (manifest.size > MAX_MANIFEST_BYTES) throw new Error(`its ${MANIFEST} is too large`);
    const text = (await readContent(bytes, manifest)).toString('utf8');
    return { bundle, manifest: readManifest(text, process.platform) };
  } catch (error) {
    // The advice of a refusal is about bundles of functions.
    if (error instanceof BundleRefusal) throw new Error(`the bundle ${name} is refused: ${error.problem}`, { cause: error });
    throw new Error(`the bundle ${name}: ${messageOf(error)}`, { cause: error });
  }
}

/** Reads a bundle, and extracts it into a folder of its digest. @throws Error that says what is wrong with it */
export async function openMcpb(file: string, settings: BundleSettings, env: Env): Promise<ExtractedBundle> {
  const { bundle, manifest } = await readMcpb(file, settings);
  const digest = await digestOf(bundle.bytes);
  const versions = join(
    extractFolder(settings, env),
    'mcpb',
    manifest.name
      .replace(/[^\w.-]+/g, '-')
      .slice(0, 100)
      .replace(/^\.+/, '_'),
  );
  const folder = join(versions, digest);
  await extractBundle(bundle, folder);
  await touchFolder(folder);
  await pruneFolders(versions, { keep: KEEP, unusedMs: UNUSED_MS, used: new Set([digest]) });
  return { folder, manifest, has: (path) => bundle.files.has(path) };
}
