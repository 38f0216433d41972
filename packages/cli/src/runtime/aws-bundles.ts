/** Opens a bucket of bundles. A file of its own in the command's build, so that only those who use it load the AWS SDK. */
import { openS3Bundles } from '@mcp-daemon/aws';
import type { BundleSource } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';
import type { Env, Settings } from '../settings/settings.js';

// Node 20: the SDK warns that its later versions need a newer Node. The version in this build does not.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/**
 * Opens the bucket. Nothing is asked of it yet.
 *
 * @throws DaemonError `store_failed` if region or credentials are missing, `usage`; UsageError for an empty endpoint
 */
export async function openAwsBundles(
  { bucket, s3Endpoint, region }: Pick<Settings, 's3Endpoint' | 'region'> & { bucket: string },
  env: Env,
  keep: number,
): Promise<BundleSource> {
  if (env['S3_ENDPOINT']?.trim() === '')
    throw new UsageError('S3_ENDPOINT is empty: give a URL, or unset it to use AWS', { hint: false });
  return openS3Bundles({
    ...{ bucket, keep },
    ...(region === undefined ? {} : { region }),
    ...(s3Endpoint === undefined ? {} : { endpoint: s3Endpoint }),
  });
}
