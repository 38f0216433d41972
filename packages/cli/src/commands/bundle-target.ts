/** Where the commands for bundles push to, and list from. */
import type { BundleSource } from '@mcp-daemon/core';

import { Failure, messageOf, UsageError } from '../errors.js';
import type { CommandContext } from './command.js';
import { textFlag } from './command.js';

/** The flag that chooses between a folder and a bucket. */
export const TO_FLAG = textFlag('Where the bundle is: s3 or zip', {
  choices: ['s3', 'zip'],
  defaultDescription: 's3 if there is a bucket, else zip',
});

const NOTHING =
  'there is nowhere to keep bundles: set FUNCT_BUCKET_NAME (--bucket) for a bucket, or FUNCT_ZIP_PATH (--zip-path) for a folder';

/**
 * Uses the source of bundles that the flag and the settings name, and closes it.
 *
 * @param to the value of {@link TO_FLAG}
 * @throws UsageError if it is not set up, Failure with the message of whatever the source throws
 */
export async function withBundleSource<T>(
  { settings, env }: CommandContext,
  to: string | undefined,
  work: (source: BundleSource) => Promise<T>,
): Promise<T> {
  const { bundleSources } = await import('../runtime/bundle-sources.js');
  const sources = bundleSources(settings, env);
  const wanted = to ?? (settings.bucket === undefined ? 'zip' : 's3');
  const source = sources.find((candidate) => candidate.source === wanted);
  if (source === undefined) {
    const missing = wanted === 's3' ? 'FUNCT_BUCKET_NAME (--bucket)' : 'FUNCT_ZIP_PATH (--zip-path)';
    throw new UsageError(to === undefined ? NOTHING : `--to ${to}: set ${missing}`, { hint: false });
  }
  try {
    return await work(source);
  } catch (error) {
    if (error instanceof Error && error.name === 'ConfigError') throw error;
    throw error instanceof Failure ? error : new Failure(messageOf(error));
  } finally {
    for (const one of sources) await one.close?.();
  }
}
